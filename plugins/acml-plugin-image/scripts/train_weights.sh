#!/bin/sh
# The model that comes with this plugin, from structures of $ACML_DATA; seven minutes of a GPU, after two
# drawings of each molecule were made (40 minutes of one core).
#
#   sh plugins/acml-plugin-image/scripts/train_weights.sh WORK GRAPH
#
# WORK receives the model, a killed training goes on. GRAPH is the model whose graph encoder it begins
# with: "second" of acml-plugin-smiles/scripts/train_weights.sh. The bundled weights were trained beside
# four other trainings on one H200, with 4,000 of the validation molecules and no test molecule in the
# table; that they look at a picture at two scales, and mirrored, was chosen later, on validation drawings,
# and set by look_again.py. The smaller tower that the plugin bundles by itself is of pretrain.py.
set -eu
work=$1 graph=$2
here=$(cd "$(dirname "$0")" && pwd)
molecules=$ACML_DATA/library/real_molecules.parquet
mkdir -p "$work"
cd "$work"
if [ -e large/run.json ]; then
    acml train --resume large
elif [ ! -e large/acml.json ]; then
    acml train --modality image --data "$molecules" --recipe "$here/weights/large.toml" \
        --max-minutes 7 --graph "$graph" --out large
fi
[ -e split/test.parquet ] || acml data split "$molecules" --out split
if [ ! -e drawn.parquet ]; then
    python "$here/some_of.py" split/validation.parquet split/test.parquet --rows 4000 --out some.parquet
    acml data simulate --modality image some.parquet --seed 11 --out drawn.parquet
fi
[ -e looking ] || python "$here/look_again.py" large looking --looks 1.0 0.84 --mirrored
acml models calibrate looking --data drawn.parquet --library "$molecules" --fit-seconds 300
acml models export looking half --half --licence CC-BY-SA-4.0 \
    --data "structures of NMRShiftDB2, MassBank and public CAS lists: CC BY-SA"
echo "$work/half: copy its six files to src/acml_plugin_image/models/v1"
