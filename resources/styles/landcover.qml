<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|MapTips" hasScaleBasedVisibilityFlag="0">
  <renderer-v2 type="categorizedSymbol" attr="class_id" symbollevels="0" forceraster="0" enableorderby="0">
    <categories>
      <category render="true" type="long" value="0" symbol="0" label="background" />
      <category render="true" type="long" value="1" symbol="1" label="dry farmland" />
      <category render="true" type="long" value="2" symbol="2" label="orchard" />
      <category render="true" type="long" value="3" symbol="3" label="paddy field" />
      <category render="true" type="long" value="4" symbol="4" label="shrubland" />
      <category render="true" type="long" value="5" symbol="5" label="arbor forest" />
      <category render="true" type="long" value="6" symbol="6" label="sparse woodland" />
      <category render="true" type="long" value="7" symbol="7" label="other woodland" />
      <category render="true" type="long" value="8" symbol="8" label="grassland" />
      <category render="true" type="long" value="9" symbol="9" label="dense built-up area" />
      <category render="true" type="long" value="10" symbol="10" label="isolated building" />
      <category render="true" type="long" value="11" symbol="11" label="agricultural greenhouse" />
      <category render="true" type="long" value="12" symbol="12" label="airport" />
      <category render="true" type="long" value="13" symbol="13" label="tailings pond" />
      <category render="true" type="long" value="14" symbol="14" label="open-pit mine" />
      <category render="true" type="long" value="15" symbol="15" label="quarry" />
      <category render="true" type="long" value="16" symbol="16" label="construction site" />
      <category render="true" type="long" value="17" symbol="17" label="cemetery" />
      <category render="true" type="long" value="18" symbol="18" label="impervious surface" />
      <category render="true" type="long" value="19" symbol="19" label="road" />
      <category render="true" type="long" value="20" symbol="20" label="railway" />
      <category render="true" type="long" value="21" symbol="21" label="bridge" />
      <category render="true" type="long" value="22" symbol="22" label="plaza" />
      <category render="true" type="long" value="23" symbol="23" label="sports field" />
      <category render="true" type="long" value="24" symbol="24" label="water" />
      <category render="true" type="long" value="25" symbol="25" label="dam (hydropower)" />
      <category render="true" type="long" value="26" symbol="26" label="dam (non-hydropower)" />
      <category render="true" type="long" value="27" symbol="27" label="desert" />
      <category render="true" type="long" value="28" symbol="28" label="bare land" />
      <category render="true" type="long" value="29" symbol="29" label="glacier" />
      <category render="true" type="long" value="30" symbol="30" label="cloud" />
      <category render="true" type="long" value="31" symbol="31" label="parking lot" />
      <category render="true" type="long" value="32" symbol="32" label="photovoltaic panel" />
    </categories>
    <symbols>
      <symbol type="fill" name="0" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="210,211,202,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="143,143,137,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="1" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="242,220,126,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="165,150,86,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="2" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="215,154,43,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="146,105,29,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="3" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="143,217,182,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="97,148,124,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="4" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="156,154,62,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="106,105,42,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="5" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="28,99,48,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="19,67,33,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="6" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="106,168,79,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="72,114,54,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="7" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="63,143,107,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="43,97,73,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="8" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="183,220,104,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="124,150,71,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="9" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="168,29,42,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="114,20,29,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="10" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="238,108,85,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="162,73,58,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="11" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="249,196,221,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="169,133,150,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="12" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="179,157,219,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="122,107,149,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="13" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="92,138,138,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="63,94,94,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="14" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="94,58,38,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="64,39,26,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="15" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="147,103,75,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="100,70,51,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="16" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="255,154,31,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="173,105,21,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="17" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="109,127,82,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="74,86,56,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="18" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="176,174,176,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="120,118,120,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="19" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="85,86,92,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="58,58,63,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="20" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="36,28,46,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="24,19,31,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="21" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="196,90,208,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="133,61,141,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="22" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="223,185,164,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="152,126,112,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="23" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="18,184,134,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="12,125,91,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="24" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="47,127,209,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="32,86,142,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="25" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="11,58,134,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="7,39,91,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="26" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="111,134,232,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="75,91,158,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="27" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="246,231,191,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="167,157,130,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="28" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="201,172,122,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="137,117,83,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="29" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="196,238,251,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="133,162,171,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="30" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="251,251,255,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="171,171,173,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="31" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="124,139,163,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="84,95,111,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
      <symbol type="fill" name="32" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="84,16,196,255" />
            <Option type="QString" name="style" value="solid" />
            <Option type="QString" name="joinstyle" value="round" />
            <Option type="QString" name="outline_color" value="57,11,133,255" />
            <Option type="QString" name="outline_style" value="solid" />
            <Option type="QString" name="outline_width" value="0.1" />
            <Option type="QString" name="outline_width_unit" value="MM" />
            <Option type="QString" name="offset" value="0,0" />
            <Option type="QString" name="offset_unit" value="MM" />
          </Option>
        </layer>
      </symbol>
    </symbols>
  </renderer-v2>
  <layerOpacity>0.85</layerOpacity>
  <blendMode>0</blendMode>
  <previewExpression>"class_name"</previewExpression>
  <layerGeometryType>2</layerGeometryType>
</qgis>
