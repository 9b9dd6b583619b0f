"""How dbt resources appear in Dagster: grouped by layer, under their model's name."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestration.defs.reporting import OWNERS


class LayerTranslator(DagsterDbtTranslator):
    """Groups are layers (staging, intermediate, marts)."""

    def __init__(self) -> None:
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project).replace_attributes(owners=OWNERS)
        properties = self.get_resource_props(manifest, unique_id)
        if properties["resource_type"] == "model":
            return spec.replace_attributes(group_name=properties["fqn"][1])
        return spec

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=_sentence_of(self.get_resource_props(manifest, unique_id)))


def _sentence_of(test: Mapping[str, Any]) -> str:
    """What a data test demands: the first comment of its file."""
    comment = [line for line in test["raw_code"].splitlines() if line.startswith("--")]
    return " ".join(line.removeprefix("--").strip() for line in comment)
