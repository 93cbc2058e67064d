#!/bin/sh
# The model that comes with this plugin, from the tables of $ACML_DATA; about half an hour on two cores.
#
#   sh plugins/acml-plugin-ms/scripts/train_weights.sh WORK GRAPH
#
# WORK receives the model; GRAPH is the model of whatever measurement whose graph encoder it begins
# with: for the bundled weights, "first" of acml-plugin-nmr/scripts/train_weights.sh.
set -eu
work=$1 graph=$2
here=$(cd "$(dirname "$0")" && pwd)
spectra=$ACML_DATA/ms/massbank.parquet
if [ -e "$work/run.json" ]; then
    acml train --resume "$work"
elif [ ! -e "$work/acml.json" ]; then
    acml train --modality ms --data "$spectra" --graph "$graph" \
        --recipe "$here/weights/v1.toml" --max-minutes 24 --out "$work"
fi
acml models calibrate "$work" --data "$spectra" --rerank 50 \
    --library "$ACML_DATA/library/real_molecules.parquet" --fit-seconds 90
acml models export "$work" "$work-half" --half --licence CC-BY-NC-SA-4.0 \
    --data "MassBank 2025.05.1: CC BY, CC BY-SA, CC BY-NC-SA, CC0, dl-de/by-2-0" \
    --data "NMRShiftDB2 (first weights of the graph encoder): CC BY-SA"
for file in acml.json metrics.json; do # white space alone would bring the model above 8 MB
    python -c 'import json, sys
with open(sys.argv[1], encoding="utf-8") as file: content = json.load(file)
text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
with open(sys.argv[1], "w", encoding="utf-8") as file: file.write(text)' "$work-half/$file"
done
echo "$work-half: copy its six files to src/acml_plugin_ms/models/v1"
