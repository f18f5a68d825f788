"""Texts of accuracy reports in English and Chinese; training knows no QGIS to translate them."""

from __future__ import annotations

from functools import partial

from ..engine.classes import CLASSES
from .texts import translate

_CHINESE = {
    "Accuracy of {map}": "{map} 的精度",
    "against {reference}": "参考数据：{reference}",
    "Overall accuracy": "总体精度",
    "Mean IoU": "平均交并比 (mIoU)",
    "Frequency-weighted IoU": "频权交并比 (FWIoU)",
    "Kappa": "Kappa 系数",
    "Mean F1": "平均 F1",
    "Compared pixels": "比较的像元",
    "Sample points": "样本点",
    "Classes": "各类别",
    "Confusion matrix": "混淆矩阵",
    "Sample points by class": "各类样本点",
    "Areas": "面积",
    "Method": "方法",
    "Please note": "请注意",
    "Class": "类别",
    "Reference": "参考",
    "Map": "地图",
    "Reference (pixels)": "参考（像元）",
    "Map (pixels)": "地图（像元）",
    "Points": "点数",
    "IoU": "交并比",
    "F1": "F1",
    "Precision (user's acc.)": "用户精度",
    "Recall (producer's acc.)": "生产者精度",
    "Reference area": "参考面积",
    "Mapped area": "制图面积",
    "Adjusted area": "校正面积",
    "no class": "无类别",
    "class {id}": "类别 {id}",
    "Share of the map": "占地图比例",
    "Percent of each reference class, by the class that the map gives it. "
    "Blue: right; orange: confused. The figures appear when the pointer rests on a cell.": (
        "各参考类别被划为各地图类别的百分比。蓝色：正确；橙色：混淆。指针停在格子上可查看数值。"
    ),
    "Estimated percent of each reference class's area, by the class that the map gives it. "
    "Blue: right; orange: confused.": (
        "各参考类别面积被划为各地图类别的估计百分比。蓝色：正确；橙色：混淆。"
    ),
    "{merged} counted as {target}": "{merged} 计入 {target}",
    "Every pixel with a reference is compared; pixels without one are unknown and take no part. "
    "Precision is the share of a mapped class that is right (user's accuracy), recall the share of "
    "a true class that is found (producer's accuracy). IoU = hits / (hits + false alarms + "
    "misses). Mean values weigh every class with a reference alike.": (
        "对所有有参考的像元逐一比较；没有参考的像元视为未知，不参与计算。用户精度是制图类别中正确的"
        "比例，生产者精度是真实类别中被找到的比例。交并比 = 命中 /（命中 + 误判 + 漏判）。平均值对"
        "每个有参考的类别同等加权。"
    ),
    "Accuracy and areas are estimated for the whole map from a stratified random sample, with 95 % "
    "confidence intervals (Olofsson et al. 2014, Remote Sensing of Environment 148, 42–57; for "
    "merged classes and strata of another map Stehman 2014, International Journal of Remote "
    "Sensing 35, 4923–4939). The adjusted area corrects the mapped area for the errors that the "
    "sample shows.": (
        "整幅地图的精度与面积由分层随机样本估计，并给出 95 % 置信区间（Olofsson 等，2014，Remote "
        "Sensing of Environment 148, 42–57；合并类别或采用其他地图的分层时依 Stehman，2014，"
        "International Journal of Remote Sensing 35, 4923–4939）。校正面积"
        "按样本所示的误差对制图面积进行修正。"
    ),
    "Mapped areas beside adjusted ones, with their 95 % confidence intervals.": (
        "制图面积与校正面积及其 95 % 置信区间。"
    ),
    "to be labelled": "待标注",
    "labelled": "已标注",
    "Made by CWSAM {version} on {date}": "由 CWSAM {version} 生成于 {date}",
    "No pixel of '{map}' has a reference in '{reference}': do they cover the same "
    "ground, and is the field right?": (
        "“{map}”没有任何像元在“{reference}”中有参考：两者覆盖同一区域吗？字段选对了吗？"
    ),
    "No point of '{reference}' lies on '{map}' and has a reference class: label the "
    "points first, and check the field.": (
        "“{reference}”中没有位于“{map}”上且已标注参考类别的点：请先标注样本点，并检查字段。"
    ),
    "{share} of the reference has no class on the map and is left out.": (
        "{share} 的参考在地图上没有类别，未参与计算。"
    ),
    "{share} of the reference has no class on the map and counts as missed.": (
        "{share} 的参考在地图上没有类别，按漏判计。"
    ),
    "{count} of {total} points have no reference class yet and are left out.": (
        "{total} 个点中有 {count} 个尚无参考类别，未参与计算。"
    ),
    "{count} labelled points lie where the map has no class and are left out.": (
        "{count} 个已标注的点位于地图无类别处，未参与计算。"
    ),
    "{count} labelled points do not say from which class they were drawn and are left out: "
    "points that were added by hand are no part of a random sample.": (
        "{count} 个已标注的点未记录其抽样类别，未参与计算：手工添加的点不属于随机样本。"
    ),
    "No labelled point of '{reference}' says from which class of a map it was drawn: restore "
    "the fields 'map_class' and 'map_pixels', or delete both to take the points as drawn at "
    "random.": (
        "“{reference}”中没有任何已标注的点记录其抽样类别：请恢复字段 map_class 和 map_pixels，"
        "或删除这两个字段，按随机抽取处理。"
    ),
    "The points were drawn on other pixels than this map's and do not record how large those "
    "were: areas are given as shares; evaluate the map that the points were drawn from.": (
        "样本点是在与此地图不同的像元上抽取的，且未记录像元大小：面积以比例给出；"
        "请评价抽取样本点时所用的地图。"
    ),
    "The points do not say from which strata they were drawn: they are taken as drawn at "
    "random within the classes of the map.": (
        "样本点未记录其抽样分层：按在地图各类别内随机抽取处理。"
    ),
    "{share} of the map lies in classes without a point; nothing is said about them.": (
        "地图的 {share} 属于没有样本点的类别，对其不作估计。"
    ),
    "Neither map nor reference has class {merged}: merging it changes nothing.": (
        "分类图和参考数据中都没有类别 {merged}：合并它没有任何作用。"
    ),
    "{count} class(es) have fewer than 30 points: such intervals are rough.": (
        "{count} 个类别的样本点少于 30 个，其置信区间较粗略。"
    ),
}


say = partial(translate, _CHINESE)
"""Called with the language, an English text of this module and what goes into its gaps."""


def class_title(class_id: int, language: str) -> str:
    """Name of a class; ids beyond the scheme are called by their number."""
    if class_id < len(CLASSES):
        entry = CLASSES[class_id]
        return entry.name_zh if language == "zh" else entry.name
    return say(language, "class {id}", id=class_id)


def class_colour(class_id: int) -> str:
    """Colour of a class, ``#rrggbb``; grey for ids beyond the scheme."""
    return CLASSES[class_id].colour if class_id < len(CLASSES) else "#888888"
