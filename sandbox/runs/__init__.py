"""How workflow runs come to be, wait, run and end."""
