#!/bin/sh
# The model that comes with this plugin, from structures of $ACML_DATA; about 150 minutes of one core.
#
#   sh plugins/acml-plugin-image/scripts/train_weights.sh WORK GRAPH
#
# WORK receives the models, a killed training goes on. GRAPH is the model whose graph encoder it begins
# with: "second" of acml-plugin-smiles/scripts/train_weights.sh. The tower is the one that
# pretrain.py made; what has become of it at the end is bundled in its place.
set -eu
work=$1 graph=$2
here=$(cd "$(dirname "$0")" && pwd)
molecules=$ACML_DATA/library/real_molecules.parquet
mkdir -p "$work"

train() { # folder and recipe, minutes, table, further options
    out=$work/$1 recipe=$here/weights/$1.toml minutes=$2 table=$3
    shift 3
    if [ -e "$out/run.json" ]; then
        acml train --resume "$out"
    elif [ ! -e "$out/acml.json" ]; then
        acml train --modality image --data "$table" --recipe "$recipe" --max-minutes "$minutes" \
            --out "$out" "$@"
    fi
}
train v1 32 "$molecules" --graph "$graph"
drawn=$work/drawn.parquet
[ -e "$drawn" ] || acml data simulate --modality image "$molecules" --seed 11 --out "$drawn"
train second 103 "$drawn" --init "$work/v1"
work=$work/second
acml models export "$work" "$work-half" --half --licence CC-BY-SA-4.0 \
    --data "structures of NMRShiftDB2, MassBank and public CAS lists: CC BY-SA" \
    --data "ZINC and MOSES (pretraining of the tower): free to use with citation"
python "$here/tower_of_model.py" "$work" "$work-tower.safetensors"
echo "$work-half: copy its six files to src/acml_plugin_image/models/v1;"
echo "$work-tower.safetensors: to src/acml_plugin_image/data/tower.safetensors"
