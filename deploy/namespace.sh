#!/bin/sh
# Create the namespace and Podium's search attributes where they are missing.
set -eu

namespace=${TEMPORAL_NAMESPACE:?}
if ! temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$namespace" --retention "${PODIUM_RETENTION:-720h}"
fi

# The server's roles learn of a new namespace one after another, within about ten seconds.
tries=60
until there=$(temporal operator search-attribute list --namespace "$namespace" 2>&1); do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "$there" >&2; exit 1; }
  sleep 1
done
for name in PodiumPattern PodiumSpec PodiumRepository PodiumStatus PodiumWaitingFor; do
  case $there in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$namespace" --name "$name" --type Keyword ;;
  esac
done
