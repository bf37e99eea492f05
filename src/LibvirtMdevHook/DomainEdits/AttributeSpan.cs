using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// An attribute as it is written in a document. Its value may hold references (<c>&amp;quot;</c>,
/// <c>&amp;#x2d;</c>) and line ends, so the place of each character of the value is kept.
/// </summary>
internal sealed class AttributeSpan
{
    private readonly ImmutableArray<int> _places;

    private AttributeSpan(ImmutableArray<int> places) => _places = places;

    /// <summary>The index of the quote that ends the value.</summary>
    public int End => _places[^1];

    /// <param name="attribute">An attribute that was read from this text with its line.</param>
    /// <exception cref="InvalidOperationException">
    /// The attribute is not at its line and position: a mistake in this program.
    /// </exception>
    public static AttributeSpan Of(SourceText source, XAttribute attribute)
    {
        var start = source.Offset(attribute);
        var quote = source.Text.AsSpan(start).IndexOfAny('"', '\'') + start;
        var end = source.Text.IndexOf(source.Text[quote], quote + 1);
        var value = new StringBuilder();
        var places = ImmutableArray.CreateBuilder<int>();
        var place = quote + 1;
        while (place < end)
        {
            value.Append(Decode(source.Text, place, out var next));
            while (places.Count < value.Length)
                places.Add(place);
            place = next;
        }

        places.Add(end);
        if (!value.Equals(attribute.Value))
            throw new InvalidOperationException($"the attribute '{attribute.Name}' is not at offset {start} of the document");
        return new AttributeSpan(places.ToImmutable());
    }

    /// <param name="index">
    /// The index of a character in the value, or the value's length for the quote that ends it.
    /// </param>
    /// <returns>The index in the document.</returns>
    public int PlaceOf(int index) => _places[index];

    /// <summary>
    /// Decodes one character, reference or line end of a value (XML 1.0, sections 2.11, 3.3.3 and
    /// 4.6).
    /// </summary>
    private static string Decode(string text, int place, out int next)
    {
        next = place + 1;
        if (text[place] == '\r' && text[next] == '\n')
            next++;
        if (text[place] != '&')
            return text[place] is '\r' or '\n' or '\t' ? " " : text[place].ToString();
        var end = text.IndexOf(';', place);
        next = end + 1;
        var reference = text[(place + 1)..end];
        return reference switch
        {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "apos" => "'",
            "quot" => "\"",
            ['#', 'x', .. var digits] => Character(digits, NumberStyles.AllowHexSpecifier),
            ['#', .. var digits] => Character(digits, NumberStyles.None),
            _ => $"&{reference};",
        };
    }

    private static string Character(string digits, NumberStyles style) =>
        char.ConvertFromUtf32(int.Parse(digits, style, CultureInfo.InvariantCulture));
}
