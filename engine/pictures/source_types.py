"""How a picture came to be, in the words of IPTC's vocabulary of digital source types, and as XMP that says so.

Which one holds goes by IPTC's definitions. What a generative model made is trained algorithmic media; where such a
model changed a picture that was handed in, it is a composite with it. A picture of the virtual studio is algorithmic
media: geometry, light and colour are computed, and the one trained network on its way takes noise away and adds
nothing that is to be seen. A sheet of several is a composite of synthetic elements.
"""

from enum import StrEnum
from typing import Final

from engine.recipes.picture_text import texts

_TERMS: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
XMP_KEYWORD: Final = "XML:com.adobe.xmp"
"""The text of a PNG that holds its XMP."""
_XMP: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmp:CreatorTool="Likeness" Iptc4xmpExt:DigitalSourceType="{source}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


class SourceType(StrEnum):
    """A term of the vocabulary, by its full address."""

    TRAINED = f"{_TERMS}trainedAlgorithmicMedia"
    CHANGED_BY_TRAINED = f"{_TERMS}compositeWithTrainedAlgorithmicMedia"
    ALGORITHMIC = f"{_TERMS}algorithmicMedia"
    SHEET = f"{_TERMS}compositeSynthetic"


def xmp(source: SourceType) -> str:
    """An XMP packet that says how a picture came to be."""
    return _XMP.format(source=source)


def said_in(png: bytes) -> SourceType:
    """What the XMP of a PNG of ours says; that a model made it where it says nothing, as before it was written."""
    told = texts(png, (XMP_KEYWORD,)).get(XMP_KEYWORD, "")
    return next((source for source in SourceType if f'"{source}"' in told), SourceType.TRAINED)
