using System.Text;
using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// Changes to the text of a document that leave everything else as it is: white space, order, comments, quotes, references, and what other
/// applications keep in metadata.
/// </summary>
internal sealed class XmlEdits(SourceText source)
{
    private readonly List<Edit> _edits = [];

    /// <param name="value">Without characters that XML gives a meaning.</param>
    public void Replace(XAttribute attribute, string value) => Replace(attribute, 0, attribute.Value.Length, value);

    /// <summary>Replaces a part of an attribute's value.</summary>
    public void Replace(XAttribute attribute, int index, int length, string value)
    {
        var place = AttributeSpan.Of(source, attribute);
        _edits.Add(new Edit(place.PlaceOf(index), place.PlaceOf(index + length), value));
    }

    /// <summary>Writes another attribute behind one that is there.</summary>
    public void AddBehind(XAttribute attribute, string name, string value)
    {
        var quote = AttributeSpan.Of(source, attribute).End;
        _edits.Add(new Edit(quote + 1, quote + 1, $" {name}={source.Text[quote]}{value}{source.Text[quote]}"));
    }

    /// <summary>Takes an attribute away, with the white space before it.</summary>
    public void Remove(XAttribute attribute)
    {
        var start = source.Offset(attribute);
        while (char.IsWhiteSpace(source.Text[start - 1]))
            start--;
        _edits.Add(new Edit(start, AttributeSpan.Of(source, attribute).End + 1, ""));
    }

    /// <summary>Writes text behind the start tag of an element, which gets an end tag if it has none.</summary>
    public void AddFirst(XElement element, string text) => Add(element, text, source.TagEnd(source.Offset(element)) + 1);

    /// <summary>Writes text before the end tag of an element, which gets one if it has none.</summary>
    public void AddLast(XElement element, string text) => Add(element, text, source.Text.LastIndexOf('<', End(element)));

    /// <summary>Writes text behind an element.</summary>
    public void AddBehind(XElement element, string text) => _edits.Add(new Edit(End(element) + 1, End(element) + 1, text));

    /// <summary>Takes an element away, its content included; white space around it stays.</summary>
    public void Remove(XElement element)
    {
        var start = source.Offset(element) - 1;
        _edits.Add(new Edit(start, End(element) + 1, ""));
    }

    private void Add(XElement element, string text, int place)
    {
        var end = source.TagEnd(source.Offset(element));
        _edits.Add(source.Text[end - 1] == '/'
            ? new Edit(end - 1, end + 1, $">{text}</{NameOf(element)}>")
            : new Edit(place, place, text));
    }

    /// <summary>With its prefix.</summary>
    private string NameOf(XElement element) =>
        string.Concat(source.Text.Skip(source.Offset(element)).TakeWhile(c => !char.IsWhiteSpace(c) && c is not ('/' or '>')));

    private int End(XElement element) => source.ElementEnd(source.Offset(element) - 1);

    /// <returns>The text with all the changes.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        var done = 0;
        foreach (var edit in _edits.OrderBy(e => e.Start).ThenBy(e => e.End))
        {
            text.Append(source.Text, done, edit.Start - done).Append(edit.Text);
            done = edit.End;
        }

        return text.Append(source.Text, done, source.Text.Length - done).ToString();
    }

    private readonly record struct Edit(int Start, int End, string Text);
}
