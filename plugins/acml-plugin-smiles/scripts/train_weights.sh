#!/bin/sh
# The model that comes with this plugin, and its tower, from the tables of $ACML_DATA; about 75 minutes
# of one core, then six of a GPU.
#
#   sh plugins/acml-plugin-smiles/scripts/train_weights.sh WORK
#
# WORK receives every intermediate folder; steps that are done are not done again, and a killed
# training goes on.
set -eu
work=$1
here=$(cd "$(dirname "$0")" && pwd)
molecules=$ACML_DATA/library/real_molecules.parquet
mkdir -p "$work"
cd "$work"
[ -e tower.safetensors ] ||
    python "$here/pretrain.py" --minutes 18 --work . --out tower.safetensors

train() { # folder, recipe, minutes, further options
    out=$1 recipe=$2 minutes=$3
    shift 3
    if [ -e "$out/run.json" ]; then
        acml train --resume "$out"
    elif [ ! -e "$out/acml.json" ]; then
        acml train --modality smiles --data "$molecules" --recipe "$here/weights/$recipe" \
            --max-minutes "$minutes" --out "$out" "$@"
    fi
}
train first v1.toml 20 --tower tower.safetensors
train second second.toml 33 --init first
# The bundled weights are those of its last checkpoint, beside four other trainings on one H200, when
# that had to be given back; the table held only 4,000 of the validation molecules and no test molecule.
train third third.toml 6 --init second
acml models calibrate third --data "$molecules"

acml models export third half --half --licence CC-BY-SA-4.0 \
    --data "structures of NMRShiftDB2, MassBank and public CAS lists: CC BY-SA" \
    --data "ZINC and MOSES (pretraining of the tower): free to use with citation"
python "$here/tower_of_model.py" third aligned.safetensors
echo "$work/half: copy its six files to src/acml_plugin_smiles/models/v1;"
echo "$work/aligned.safetensors: to src/acml_plugin_smiles/data/tower.safetensors"
