"""The import contracts of our own: over the features, by what they declare, and over a library in its own right."""

import sys

from grimp import ImportGraph
from importlinter import Contract, fields, output
from importlinter.application import contract_utils
from importlinter.contracts.layers import LayerField, LayersContract
from importlinter.domain.contract import ContractCheck, InvalidContractOptions

from groundswell.web.features import discovered, floors, undeclared

PAGES = "pages"


class FeatureLayers(LayersContract):
    """Imports run downwards: command, demo, web, the features by what they stand on, the clip engine, the platform.

    A feature's ``pages.py`` lies in its folder and stands on web's floor: it may use web's page machinery, and nothing
    of the house imports it (``web/features.py`` finds it).
    """

    type_name = "feature_layers"
    layers = fields.ListField(subfield=LayerField(), required=False)

    def validate(self) -> None:
        if missing := undeclared():
            raise InvalidContractOptions({"layers": f"{', '.join(missing)} has no feature.py"})
        self.layers = [LayerField().parse(" | ".join(floor)) for floor in floors()]
        super().validate()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        for feature in discovered():
            self._lift_pages(graph, f"groundswell.{feature}.{PAGES}")
        return super().check(graph, verbose)

    @staticmethod
    def _lift_pages(graph: ImportGraph, pages: str) -> None:
        if pages not in graph.modules:
            return
        for imported in graph.find_modules_directly_imported_by(pages):
            if imported.startswith("groundswell.web."):
                graph.remove_import(importer=pages, imported=imported)


class FewLibraries(Contract):
    """A package imports itself, the standard library, and the libraries that are listed: nothing else.

    Configuration options:
        - package: the package.
        - libraries: top-level names of what it may import.
        - ignore_imports: imports of single modules that may stay.
    """

    type_name = "few_libraries"
    package = fields.StringField()
    libraries = fields.SetField(subfield=fields.StringField())
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        package = str(self.package)
        ignored = contract_utils.remove_ignored_imports_and_report(
            graph=graph, ignore_imports=self.ignore_imports, unmatched_alerting=contract_utils.AlertLevel.ERROR
        )
        imports = [
            (importer, imported)
            for importer in sorted({package, *graph.find_descendants(package)})
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
        ]
        strays = [(importer, imported) for importer, imported in imports if not self._may_import(imported)]
        return ContractCheck(kept=not strays, warnings=list(ignored.warnings), metadata={"strays": strays})

    def _may_import(self, imported: str) -> bool:
        package, top = str(self.package), imported.split(".", 1)[0]
        if top == package.split(".", 1)[0]:
            return imported == package or imported.startswith(f"{package}.")
        return top in sys.stdlib_module_names or top in self.libraries

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["strays"]:
            output.print_error(f"- {importer} -> {imported}", bold=False)
        output.new_line()
