"""What a refresh imports, imported: the server that `commands.py` forks from loads this module once. Nothing else."""

import orchestration.definitions
import orchestration.refresh.run
from orchestration.settings import Settings

# Loads every module of `orchestration/defs`; the definitions themselves belong to a home, and are thrown away.
orchestration.definitions.build_defs(Settings())
