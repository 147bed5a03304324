# SPDX-License-Identifier: Apache-2.0
"""A small dashboard server: boards made of tiles, tiles fed by data sources."""
