"""Write who each record of ptb-xl.npy is of, and the superclasses of its diagnoses."""

import ast
import json
from pathlib import Path

import pandas as pd

database = pd.read_csv("ptb-xl/ptbxl_database.csv", index_col="filename_lr")
statements = pd.read_csv("ptb-xl/scp_statements.csv", index_col=0)
superclasses = statements["diagnostic_class"].dropna()

# The stack says which records it holds: some may have been left out.
stack = json.loads(Path("ptb-xl.npy.json").read_text(encoding="utf-8"))
rows = database.loc[stack["records"]]

labels = pd.DataFrame({"patient_id": rows["patient_id"]})
for name in superclasses.unique():
    codes = set(superclasses.index[superclasses == name])
    diagnoses = [set(ast.literal_eval(each)) for each in rows["scp_codes"]]
    labels[name] = [int(bool(codes & each)) for each in diagnoses]
labels.to_csv("labels.csv", index=False)
