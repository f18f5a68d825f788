"""Texts of the fine-tuning report in English and Chinese; training knows no QGIS."""

from __future__ import annotations

from functools import partial

from ..texts import translate

_CHINESE = {
    "Fine-tuning: {name}": "微调：{name}",
    "{name}, fine-tuned from {base}.": "{name}，由 {base} 微调而成。",
    ", ": "、",
    "Trained on {names}.": "训练类别：{names}。",
    "mIoU before": "微调前 mIoU",
    "mIoU after": "微调后 mIoU",
    "of the unlabelled ground keep their class": "的未标注区域保持原类别",
    "steps; the best is kept": "步；保留最佳状态",
    "more steps on all labels": "步使用全部标注",
    "of {count}": "共 {count}",
    "wall time": "用时",
    "{count} s": "{count} 秒",
    "enough": "足够",
    "few": "偏少",
    "too few, left out": "太少，已略去",
    "class": "类别",
    "polygons": "多边形",
    "pixels": "像元",
    "labels": "标注",
    "IoU before": "微调前 IoU",
    "IoU after": "微调后 IoU",
    "gain": "变化",
    "IoU (intersection over union) on the validation blocks, ground that training never saw. "
    "Only labelled pixels count.": (
        "IoU（交并比）在训练从未使用的验证区块上计算，只统计有标注的像元。"
    ),
    "Classes": "各类别",
    "kept": "保留",
    "training loss": "训练损失",
    "step": "步",
    "loss": "损失",
    "unlabelled kept": "未标注区域保持率",
    "share": "比例",
    "Course of the training": "训练过程",
    "label": "标注",
    "fine-tuned map": "微调后的地图",
    "Percent of the labelled pixels of each class on the validation blocks.": (
        "验证区块上每个类别的标注像元所占百分比。"
    ),
    "What is taken for what": "混淆情况",
    "Validation blocks, before and after": "验证区块：微调前后",
    "image": "影像",
    "labels (grey: unknown)": "标注（灰色：未知）",
    "before": "微调前",
    "after": "微调后",
    "Ground was divided into blocks; validation blocks are at least 16 pixels away from "
    "everything that training saw. Ground without labels is unknown, not background: there "
    "the base model's opinion was kept as far as the labels do not contradict it. Only the "
    "parts of the network named in the adapter file changed.": (
        "地面被划分为区块；验证区块与训练所见的一切至少相距 16 个像元。没有标注的地面是未知，"
        "而不是背景：在那里，只要标注不与之矛盾，就保留基础模型的判断。只有适配器文件中"
        "列出的网络部分发生了变化。"
    ),
    "After the validation the held-back labels were learnt, too; the figures are from before it.": (
        "验证之后，留出的标注也参与了训练；所列数字来自此前的状态。"
    ),
    "How it was made": "制作方法",
}


say = partial(translate, _CHINESE)
"""Called with the language, an English text of this module and what goes into its gaps."""
