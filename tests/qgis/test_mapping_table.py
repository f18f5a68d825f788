"""The table of what values mean, in docks of any width."""

import pytest
from cwsam.cwsam_qgis.gui.mapping_table import MappingTable
from cwsam.engine.classes import CLASSES
from qgis.PyQt.QtWidgets import QApplication, QStyle, QStyleOptionComboBox

LONG = "intensively used grassland with scattered fruit trees"


@pytest.fixture(params=[True, False], ids=["labels", "values"])
def table(qgis_app, request):
    made = MappingTable(labels=request.param)
    proposals = {"a": "8", LONG: "8"}
    made.show_values(list(proposals), proposals, CLASSES)
    yield made
    made.close()


def room_for_text(box):
    """Width of the part of a list that shows the chosen entry."""
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    part = QStyle.SubControl.SC_ComboBoxEditField
    return box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, box).width()


@pytest.mark.parametrize("width", [360, 420, 900])
def test_long_values_leave_room_for_the_classes(table, width):
    table.resize(width, 200)
    table.show()
    QApplication.processEvents()
    box = table.cellWidget(1, 1)
    assert box.currentText() == "grassland"
    needed = box.fontMetrics().horizontalAdvance(box.currentText()) + box.iconSize().width()
    assert room_for_text(box) >= needed
    assert table.columnWidth(0) >= table.fontMetrics().horizontalAdvance("Value")
    assert table.item(1, 0).toolTip() == LONG
    assert table.horizontalHeader().length() <= table.viewport().width()
    if width == 900:
        assert table.columnWidth(0) >= table.fontMetrics().horizontalAdvance(LONG)


def test_choices_stay_when_more_values_come(table):
    box = table.cellWidget(0, 1)
    box.setCurrentIndex(box.findData("24"))
    proposals = dict.fromkeys(["0", "a", LONG], "skip")
    table.show_values(list(proposals), proposals, CLASSES)
    assert table.table() == {"0": "skip", "a": "24", LONG: "8"}
