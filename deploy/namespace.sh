#!/bin/sh
# Create the namespace and Podium's search attributes where they are missing.
set -eu

namespace=${TEMPORAL_NAMESPACE:?}
if ! temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$namespace" --retention "${PODIUM_RETENTION:-720h}"
fi

there=$(temporal operator search-attribute list --namespace "$namespace")
for name in PodiumPattern PodiumSpec PodiumRepository PodiumStatus PodiumWaitingFor; do
  case $there in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$namespace" --name "$name" --type Keyword ;;
  esac
done
