using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// An attribute as it is written in a document: its value may hold references (<c>&amp;quot;</c>, <c>&amp;#x2d;</c>) and line ends, so each
/// character of the value knows where it comes from.
/// </summary>
internal sealed class AttributeSpan
{
    private readonly ImmutableArray<int> _places;

    private AttributeSpan(ImmutableArray<int> places) => _places = places;

    /// <summary>The place of the quote that ends the value.</summary>
    public int End => _places[^1];

    /// <param name="attribute">Read from this text with its line.</param>
    /// <exception cref="InvalidOperationException">The attribute is not where its line says, which would be a mistake of this program.</exception>
    public static AttributeSpan Of(SourceText source, XAttribute attribute)
    {
        var quote = source.Text.AsSpan(source.Offset(attribute)).IndexOfAny('"', '\'') + source.Offset(attribute);
        var end = source.Text.IndexOf(source.Text[quote], quote + 1);
        var value = new StringBuilder();
        var places = ImmutableArray.CreateBuilder<int>();
        for (int place = quote + 1, next; place < end; place = next)
        {
            value.Append(Decode(source.Text, place, out next));
            while (places.Count < value.Length)
                places.Add(place);
        }

        places.Add(end);
        return value.Equals(attribute.Value)
            ? new AttributeSpan(places.ToImmutable())
            : throw new InvalidOperationException($"the attribute '{attribute.Name}' is not at offset {source.Offset(attribute)} of the document");
    }

    /// <returns>The place in the document of a character of the value; of its length, the quote that ends it.</returns>
    public int PlaceOf(int index) => _places[index];

    /// <summary>What one character, reference or line end means in a value (XML 1.0, sections 2.11, 3.3.3 and 4.6).</summary>
    private static string Decode(string text, int place, out int next)
    {
        next = place + 1;
        if (text[place] == '\r' && text[next] == '\n')
            next++;
        if (text[place] != '&')
            return text[place] is '\r' or '\n' or '\t' ? " " : text[place].ToString();
        var end = text.IndexOf(';', place);
        next = end + 1;
        return text[(place + 1)..end] switch
        {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "apos" => "'",
            "quot" => "\"",
            ['#', 'x', .. var digits] => char.ConvertFromUtf32(int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
            ['#', .. var digits] => char.ConvertFromUtf32(int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture)),
            var other => $"&{other};",
        };
    }
}
