"""Keeps `dbt_project/target/manifest.json` in step with the models, for programs that need it before dbt runs."""

import subprocess
import sys
from pathlib import Path

from orchestration.errors import PipelineError


def ensure_manifest(dbt_project: Path) -> Path:
    """The manifest, parsed anew when a file of the project is newer. Raises PipelineError with dbt's own words."""
    manifest = dbt_project / "target" / "manifest.json"
    sources = [*dbt_project.glob("*.yml"), *dbt_project.glob("models/**/*"), *dbt_project.glob("macros/**/*")]
    sources += dbt_project.glob("tests/**/*")
    if not manifest.exists() or max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime:
        dbt = Path(sys.executable).with_name("dbt")
        parsed = subprocess.run(
            [dbt, "parse", "--quiet", "--project-dir", dbt_project, "--profiles-dir", dbt_project],
            capture_output=True,
            text=True,
        )
        if parsed.returncode != 0:
            raise PipelineError(f"The dbt project does not parse: {parsed.stdout.strip() or parsed.stderr.strip()}")
        manifest.touch()
    return manifest
