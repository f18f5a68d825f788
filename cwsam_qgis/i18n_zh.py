"""Chinese (simplified) texts by context and English text; ``common`` serves every context."""

from __future__ import annotations

_COMMON = {
    "pixels": "像元",
    "metres": "米",
    "Red band": "红波段",
    "Green band": "绿波段",
    "Blue band": "蓝波段",
    "Image": "影像",
    "Class raster": "类别栅格",
    "Confidence raster": "置信度栅格",
    "Loading the model": "正在加载模型",
    "CWSAM models": "CWSAM 模型",
    "no reason given": "未说明原因",
    "Stopped; nothing was written.": "已停止，未写入任何结果。",
    "{path} cannot be written ({cause}): check the free space or choose another.": (
        "无法写入 {path}（{cause}）：请检查磁盘空间或另选位置。"
    ),
    # What the engine reports.
    "Segmenting": "正在分割",
    "Joining regions": "正在合并区域",
    "Merging small patches": "正在归并小图斑",
    "Linking borders": "正在连接边界",
    "Simplifying borders": "正在简化边界",
    "Measuring polygons": "正在量算多边形",
    "Writing polygons": "正在写出多边形",
    "CPU: no CUDA device found.": "CPU：未找到 CUDA 设备。",
    "CPU: this build of torch has no CUDA support.": "CPU：此版本的 torch 不支持 CUDA。",
    "GPU: Apple Metal.": "GPU：Apple Metal。",
}

_SEGMENT_RASTER = {
    "Segment raster": "分割栅格",
    "Turns an aerial or satellite image into one layer of land-cover polygons, with "
    "class, confidence, second choice and area of each. The polygons cover the image "
    "without gaps or overlaps.\n\nBands left empty are chosen by their colours. Without "
    "a model file the model that comes with the plugin is used. Sizes are in pixels "
    "unless the unit is set to metres. Layers of a map server need a pixel size.": (
        "将航空或卫星影像转换为一个地表覆盖多边形图层，每个多边形带有类别、置信度、次选类别"
        "和面积。多边形无缝隙、不重叠地覆盖影像。\n\n未填写的波段按颜色解译自动选择；未指定"
        "模型文件时使用插件自带的模型。尺寸以像元为单位，除非单位设为米。地图服务图层需要给定"
        "像元大小。"
    ),
    "Turns an image into styled land-cover polygons.": "将影像转换为带样式的地表覆盖多边形。",
    "Model file (empty: the plugin's own)": "模型文件（空：使用插件自带模型）",
    "land cover,classification,deep learning,segment anything,polygons": (
        "地表覆盖,分类,深度学习,segment anything,多边形"
    ),
    "All files": "所有文件",
    "Extent": "范围",
    "Classes to keep (none chosen: all)": "保留的类别（不选：全部）",
    "Smallest polygon": "最小多边形",
    "Simplify borders by": "边界简化容差",
    "Unit of sizes": "尺寸单位",
    "Rounds of smoothing": "平滑次数",
    "Tile in pixels (0: the model's own)": "瓦片大小，像元（0：模型默认）",
    "Overlap of tiles in pixels (-1: tile / 8)": "瓦片重叠，像元（-1：瓦片的 1/8）",
    "Pixel size of map-server layers, in layer units": "地图服务图层的像元大小（图层单位）",
    "Land cover": "地表覆盖",
}

_ENVIRONMENT = {
    "install it with the command under Details and restart QGIS.": (
        "请用“详情”中的命令安装，然后重启 QGIS。"
    ),
    "PyTorch is not installed.": "未安装 PyTorch。",
    "GPU if PyTorch finds a usable one, else CPU; decided when a run starts.": (
        "若 PyTorch 找到可用的 GPU 则用 GPU，否则用 CPU；运行开始时决定。"
    ),
    "PyTorch, which computes the map, is missing in QGIS's Python: {remedy}": (
        "QGIS 的 Python 中缺少用于计算的 PyTorch：{remedy}"
    ),
    "PyTorch is installed but cannot be loaded ({cause}): {remedy}": (
        "PyTorch 已安装但无法加载（{cause}）：{remedy}"
    ),
}

_ADVANCED_BOX = {
    "Advanced": "高级",
    "All classes": "全部类别",
    "Only these classes are kept; the rest of the map stays empty": (
        "只保留这些类别，其余部分留空"
    ),
    "Smaller patches are handed to the neighbour around them": "更小的图斑并入相邻图斑",
    "Borders may move by this much; neighbours stay joined": (
        "边界最多移动这么远，相邻多边形保持相接"
    ),
    "Unit of smallest polygon (squared) and of simplification": (
        "最小多边形（平方）与简化容差的单位"
    ),
    "Rounds of cutting corners; 0 for none": "削角平滑次数，0 为不平滑",
    "Side of the squares that the network sees, in pixels": "网络每次处理的方块边长（像元）",
    "Overlap of these squares in pixels": "方块之间的重叠（像元）",
    "&Keep classes": "保留类别(&K)",
    "Smallest pol&ygon": "最小多边形(&Y)",
    "S&implify by": "简化容差(&I)",
    "S&mooth": "平滑(&M)",
    "&Tile": "瓦片(&T)",
    "&Overlap": "重叠(&O)",
    "Automatic ({size})": "自动（{size}）",
}

_INPUT_BOX = {
    "Raster layer to segment: a file, a map server, any raster": (
        "要分割的栅格图层：文件、地图服务或任意栅格"
    ),
    "Segment only the layer above": "只分割上面的图层",
    "Part of the layer to segment": "要分割的范围",
    "Draw on the map or take the extent of a layer": "在地图上绘制或取自某个图层的范围",
    "Side of a pixel in units of the layer's CRS": "像元边长，以图层坐标系的单位计",
    "&Layer": "图层(&L)",
    "&Red": "红(&R)",
    "&Green": "绿(&G)",
    "&Blue": "蓝(&B)",
    "&Extent": "范围(&E)",
    "&Pixel size": "像元大小(&P)",
    "There is no raster layer: add one to the project.": "没有栅格图层：请先添加到工程中。",
    "The extent is empty: draw a rectangle or choose another extent.": (
        "范围为空：请绘制矩形或另选范围。"
    ),
    "The extent cannot be placed on '{name}': choose another extent.": (
        "该范围无法转换到“{name}”：请另选范围。"
    ),
    "Whole layer": "整个图层",
    "Visible part of the map": "地图可见部分",
    "Rectangle…": "矩形…",
    "and {names}": "以及 {names}",
    "{band}, as the network sees it": "网络所用的{band}",
}

_MODEL_BOX = {
    "The network that computes the map": "用于计算的网络模型",
    "Other file…": "其他文件…",
    "Choose a model": "选择模型",
    "This copy of the plugin comes without a model.": "此插件副本不带模型。",
    "{count} classes · for {low}–{high} m per pixel · {size} MB": (
        "{count} 类 · 适用于每像元 {low}–{high} 米 · {size} MB"
    ),
    "No model yet: choose a file": "尚无模型：请选择文件",
    "Classes: {names}": "类别：{names}",
    "Licence: {licence}": "许可：{licence}",
}

_OUTPUT_BOX = {
    "[Temporary layer]": "[临时图层]",
    "File of the polygons; the ending says the format. Empty: a temporary layer": (
        "多边形文件，格式由扩展名决定。空：临时图层"
    ),
    "Also write the class of each pixel as a GeoTIFF": "同时将每个像元的类别写为 GeoTIFF",
    "Also write the confidence of each pixel in percent": "同时写出每个像元的置信度（百分比）",
    "Sa&ve to": "保存到(&V)",
    "Also": "另存",
    "GeoPackage": "GeoPackage",
    "Two layers are called '{name}': rename one of them.": (
        "有两个图层都叫“{name}”：请重命名其中一个。"
    ),
    "{path} names no folder: choose a whole path.": "{path} 未指明文件夹：请选择完整路径。",
}

_SEGMENT_PANEL = {
    "Add a raster layer to the project to begin.": "请先向工程添加一个栅格图层。",
    "Size of the work; the time follows from your latest run": "工作量；时间按最近一次运行估计",
    "&Segment": "分割(&S)",
    "Compute the land cover in the background": "在后台计算地表覆盖",
    "&Cancel": "取消(&C)",
    "Stop after the current tiles; nothing is written": "完成当前瓦片后停止，不写入任何结果",
    "Choose a model to begin.": "请先选择模型。",
    "Stopping…": "正在停止…",
    "{count} s": "{count} 秒",
    "{count} min": "{count} 分钟",
    "{count} h": "{count} 小时",
    "Model": "模型",
    "Result": "结果",
    "{pixels} megapixels": "{pixels} 百万像元",
    "{size}, {tiles} tiles": "{size}，{tiles} 个瓦片",
    "There is no model: choose a model file.": "没有模型：请选择模型文件。",
    ", about {time}": "，约 {time}",
    ", {time} left": "，剩余 {time}",
}

_JOB = {
    "'{name}' has {gsd} m a pixel, the model is made for {low} to {high} m: expect a poorer map.": (
        "“{name}”的像元为 {gsd} 米，模型适用于 {low} 至 {high} 米：结果可能较差。"
    ),
    "{percent} % of '{name}' did not arrive and is left out of the map.": (
        "“{name}”有 {percent} % 未能获取，结果中留空。"
    ),
    "'{name}' has {count} band(s), not {band}: choose the bands again.": (
        "“{name}”只有 {count} 个波段，没有第 {band} 波段：请重新选择。"
    ),
    "{path} is the input: choose another name.": "{path} 是输入文件：请换一个名称。",
    "{path} is asked for twice: choose another name.": "{path} 被指定了两次：请换一个名称。",
    "The server of '{name}' delivered no picture: check the layer and the network.": (
        "“{name}”的服务器未返回影像：请检查图层和网络。"
    ),
    "'{name}' has no scale on the ground: sizes are taken as pixels.": (
        "“{name}”没有地面尺度：尺寸按像元计。"
    ),
}

_LAYER_SOURCE = {
    "The server of '{name}' did not answer ({cause}): try again later.": (
        "“{name}”的服务器没有响应（{cause}）：请稍后再试。"
    ),
    "'{name}' cannot be read ({cause}): is its file still there?": (
        "无法读取“{name}”（{cause}）：文件还在吗？"
    ),
    "The chosen extent lies outside of '{name}': choose another.": (
        "所选范围在“{name}”之外：请另选。"
    ),
    "Layer '{name}' is broken: repair its data source.": "图层“{name}”已失效：请修复其数据源。",
    "'{name}' has no coordinate reference system: areas stay unknown; set one in the "
    "layer's properties.": "“{name}”没有坐标参考系：面积未知；请在图层属性中设置。",
    "'{name}' has no pixel size of its own: give one.": "“{name}”没有自身的像元大小：请给定。",
    "{width} × {height} pixels of '{name}' are too many to fetch: choose a "
    "smaller extent or larger pixels.": (
        "“{name}”的 {width} × {height} 个像元过多：请缩小范围或增大像元。"
    ),
    "The extent for '{name}' is empty or infinite: choose another.": (
        "“{name}”的范围为空或无限大：请另选。"
    ),
}

_MODEL_LIST = {
    "The model file {path} cannot be read ({cause}): choose another.": (
        "无法读取模型文件 {path}（{cause}）：请另选。"
    ),
    "{path} is no CWSAM model: choose a .safetensors file made by this program.": (
        "{path} 不是 CWSAM 模型：请选择由本程序生成的 .safetensors 文件。"
    ),
    "No model comes with this copy of the plugin: choose a model file.": (
        "此插件副本不带模型：请选择模型文件。"
    ),
    "There is no model file {path}: choose another model.": "没有模型文件 {path}：请另选模型。",
}

_STAGING = {
    "The folder {path} cannot be written ({cause}): choose another.": (
        "文件夹 {path} 无法写入（{cause}）：请另选。"
    ),
    "The folder {path} does not exist: create it or choose another.": (
        "文件夹 {path} 不存在：请创建或另选。"
    ),
    "{path} is a folder: choose a file name in it.": "{path} 是文件夹：请在其中指定文件名。",
    "{path} is write-protected: choose another name or unlock it.": (
        "{path} 受写保护：请换一个名称或解除保护。"
    ),
    "{path} is in use: remove its layers from the project or choose another name.": (
        "{path} 正在使用：请从工程中移除其图层或换一个名称。"
    ),
    "no permission": "没有权限",
}

CHINESE: dict[str, dict[str, str]] = {
    "common": _COMMON,
    "segment_raster": _SEGMENT_RASTER,
    "environment": _ENVIRONMENT,
    "advanced_box": _ADVANCED_BOX,
    "input_box": _INPUT_BOX,
    "messages": {"Copy": "复制", "Details": "详情"},
    "model_box": _MODEL_BOX,
    "output_box": _OUTPUT_BOX,
    "run_control": {
        "The project was closed, so the run was stopped.": "工程已关闭，运行已停止。",
        "{count} polygons in {seconds} s: {names}.": (
            "{names}：{seconds} 秒内生成 {count} 个多边形。"
        ),
    },
    "segment_panel": _SEGMENT_PANEL,
    "job": _JOB,
    "layer_source": _LAYER_SOURCE,
    "model_list": _MODEL_LIST,
    "pixel_bands": {
        "Layer '{name}' has no bands: choose another.": "图层“{name}”没有波段：请另选。",
        "Layer '{name}' holds complex numbers: turn them into amplitudes first.": (
            "图层“{name}”为复数：请先转换为幅度。"
        ),
    },
    "dock": {
        "Land-cover segmentation": "地表覆盖分割",
        "Segment": "分割",
    },
    "plugin": {
        "Land-cover segmentation": "地表覆盖分割",
        "Turn images into land-cover polygons (CWSAM)": "将影像转换为地表覆盖多边形（CWSAM）",
        "Segment layer…": "分割图层…",
    },
    "results": {
        "Land cover of {name}": "{name} 的地表覆盖",
        "{name} – land cover": "{name} – 地表覆盖",
        "{name} – classes": "{name} – 类别",
        "{name} – confidence": "{name} – 置信度",
        "Segmented by CWSAM {version}, weights {hash}, {settings}": (
            "由 CWSAM {version} 分割，权重 {hash}，{settings}"
        ),
    },
    "staging": _STAGING,
    "tasks": {
        "The memory is full: choose a smaller tile under Advanced.": (
            "内存不足：请在“高级”中选择较小的瓦片。"
        ),
        "The run failed unexpectedly ({cause}): please report the text under Details.": (
            "运行意外失败（{cause}）：请报告“详情”中的内容。"
        ),
        "Segment {names}": "分割 {names}",
    },
    "vector_formats": {
        "'{name}' names no format for polygons: use one of {formats}.": (
            "“{name}”不是多边形格式：请使用 {formats} 之一。"
        ),
    },
}
