using System.Text;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Changes to the text of a document that leave everything else as it is: white space, order, comments, quotes, references, and what other
/// applications keep in metadata.
/// </summary>
internal sealed class Splice(SourceText source)
{
    private readonly List<Edit> _edits = [];

    /// <param name="value">Without characters that XML gives a meaning.</param>
    public void Replace(XAttribute attribute, string value) => Replace(attribute, 0, attribute.Value.Length, value);

    /// <summary>Replaces a part of an attribute's value.</summary>
    public void Replace(XAttribute attribute, int index, int length, string value)
    {
        var place = AttributeText.Of(source, attribute);
        _edits.Add(new Edit(place.PlaceOf(index), place.PlaceOf(index + length), value));
    }

    /// <summary>Writes another attribute behind one that is there.</summary>
    public void AddBehind(XAttribute attribute, string name, string value)
    {
        var quote = AttributeText.Of(source, attribute).End;
        _edits.Add(new Edit(quote + 1, quote + 1, $" {name}={source.Text[quote]}{value}{source.Text[quote]}"));
    }

    /// <summary>Takes an element away, its content included; white space around it stays.</summary>
    public void Remove(XElement element)
    {
        var start = source.Offset(element) - 1;
        _edits.Add(new Edit(start, source.ElementEnd(start) + 1, ""));
    }

    /// <returns>The text with all the changes.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        var done = 0;
        foreach (var edit in _edits.OrderBy(e => e.Start))
        {
            text.Append(source.Text, done, edit.Start - done).Append(edit.Text);
            done = edit.End;
        }

        return text.Append(source.Text, done, source.Text.Length - done).ToString();
    }

    private readonly record struct Edit(int Start, int End, string Text);
}
