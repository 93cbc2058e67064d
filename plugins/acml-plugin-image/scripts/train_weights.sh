#!/bin/sh
# The model that comes with this plugin, from structures of $ACML_DATA; about 50 minutes of one core.
#
#   sh plugins/acml-plugin-image/scripts/train_weights.sh WORK GRAPH
#
# WORK receives the model, a killed training goes on. GRAPH is the model whose graph encoder it begins
# with: "second" of acml-plugin-smiles/scripts/train_weights.sh. The tower is the one that
# pretrain.py made; what has become of it at the end is bundled in its place.
set -eu
work=$1 graph=$2
here=$(cd "$(dirname "$0")" && pwd)
molecules=$ACML_DATA/library/real_molecules.parquet
if [ -e "$work/run.json" ]; then
    acml train --resume "$work"
elif [ ! -e "$work/acml.json" ]; then
    acml train --modality image --data "$molecules" --graph "$graph" \
        --recipe "$here/weights/v1.toml" --max-minutes 32 --out "$work"
fi
acml models export "$work" "$work-half" --half --licence CC-BY-SA-4.0 \
    --data "structures of NMRShiftDB2, MassBank and public CAS lists: CC BY-SA" \
    --data "ZINC and MOSES (pretraining of the tower): free to use with citation"
python "$here/tower_of_model.py" "$work" "$work-tower.safetensors"
echo "$work-half: copy its six files to src/acml_plugin_image/models/v1;"
echo "$work-tower.safetensors: to src/acml_plugin_image/data/tower.safetensors"
