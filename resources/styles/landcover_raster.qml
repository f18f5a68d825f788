<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
  <pipe>
    <rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1" nodataColor="">
      <rasterTransparency />
      <colorPalette>
        <paletteEntry value="0" color="#d2d3ca" alpha="255" label="background" />
        <paletteEntry value="1" color="#f2dc7e" alpha="255" label="dry farmland" />
        <paletteEntry value="2" color="#d79a2b" alpha="255" label="orchard" />
        <paletteEntry value="3" color="#8fd9b6" alpha="255" label="paddy field" />
        <paletteEntry value="4" color="#9c9a3e" alpha="255" label="shrubland" />
        <paletteEntry value="5" color="#1c6330" alpha="255" label="arbor forest" />
        <paletteEntry value="6" color="#6aa84f" alpha="255" label="sparse woodland" />
        <paletteEntry value="7" color="#3f8f6b" alpha="255" label="other woodland" />
        <paletteEntry value="8" color="#b7dc68" alpha="255" label="grassland" />
        <paletteEntry value="9" color="#a81d2a" alpha="255" label="dense built-up area" />
        <paletteEntry value="10" color="#ee6c55" alpha="255" label="isolated building" />
        <paletteEntry value="11" color="#f9c4dd" alpha="255" label="agricultural greenhouse" />
        <paletteEntry value="12" color="#b39ddb" alpha="255" label="airport" />
        <paletteEntry value="13" color="#5c8a8a" alpha="255" label="tailings pond" />
        <paletteEntry value="14" color="#5e3a26" alpha="255" label="open-pit mine" />
        <paletteEntry value="15" color="#93674b" alpha="255" label="quarry" />
        <paletteEntry value="16" color="#ff9a1f" alpha="255" label="construction site" />
        <paletteEntry value="17" color="#6d7f52" alpha="255" label="cemetery" />
        <paletteEntry value="18" color="#b0aeb0" alpha="255" label="impervious surface" />
        <paletteEntry value="19" color="#55565c" alpha="255" label="road" />
        <paletteEntry value="20" color="#241c2e" alpha="255" label="railway" />
        <paletteEntry value="21" color="#c45ad0" alpha="255" label="bridge" />
        <paletteEntry value="22" color="#dfb9a4" alpha="255" label="plaza" />
        <paletteEntry value="23" color="#12b886" alpha="255" label="sports field" />
        <paletteEntry value="24" color="#2f7fd1" alpha="255" label="water" />
        <paletteEntry value="25" color="#0b3a86" alpha="255" label="dam (hydropower)" />
        <paletteEntry value="26" color="#6f86e8" alpha="255" label="dam (non-hydropower)" />
        <paletteEntry value="27" color="#f6e7bf" alpha="255" label="desert" />
        <paletteEntry value="28" color="#c9ac7a" alpha="255" label="bare land" />
        <paletteEntry value="29" color="#c4eefb" alpha="255" label="glacier" />
        <paletteEntry value="30" color="#fbfbff" alpha="255" label="cloud" />
        <paletteEntry value="31" color="#7c8ba3" alpha="255" label="parking lot" />
        <paletteEntry value="32" color="#5410c4" alpha="255" label="photovoltaic panel" />
      </colorPalette>
    </rasterrenderer>
  </pipe>
</qgis>
