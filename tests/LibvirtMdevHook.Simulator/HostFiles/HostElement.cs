using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>An element of a host file. It reads attributes and children, and refuses the unknown ones.</summary>
internal sealed class HostElement(XElement element, string file)
{
    private readonly HashSet<XName> _known = [];

    public string Text => element.Value;

    public HostFileException Error(string sentence) =>
        new($"{file}:{((IXmlLineInfo)element).LineNumber}: '{element.Name}' {sentence}");

    public string? Optional(string name)
    {
        _known.Add(name);
        return (string?)element.Attribute(name);
    }

    public string Required(string name, string expected) =>
        Optional(name) ?? throw Error($"needs the attribute '{name}', {expected}.");

    public int? Number(string name)
    {
        if (Optional(name) is not { } text)
            return null;
        return int.TryParse(text, NumberStyles.None, null, out var number)
            ? number
            : throw Error($"has {name}='{text}', expected a number.");
    }

    public bool YesNo(string name) => Choice(name, false, ("yes", true), ("no", false));

    public Errno ErrorNumber(string name, Errno otherwise)
    {
        if (Optional(name) is not { } text)
            return otherwise;
        return Enum.TryParse<Errno>(text, out var errno) && errno != Errno.None && !char.IsAsciiDigit(text[0])
            ? errno
            : throw Error($"has {name}='{text}', expected the name of an error such as ENOSPC.");
    }

    public TimeSpan? Time(string name)
    {
        if (Optional(name) is not { } text)
            return null;
        return Duration.TryParse(text, out var time)
            ? time
            : throw Error($"has {name}='{text}', expected a time such as 2s or 300ms.");
    }

    public T Choice<T>(string name, T otherwise, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        var text = Optional(name);
        foreach (var (word, value) in choices)
        {
            if (text == word)
                return value;
        }

        var words = new List<string>();
        foreach (var (word, _) in choices)
            words.Add($"'{word}'");
        return text is null ? otherwise : throw Error($"has {name}='{text}', expected {string.Join(" or ", words)}.");
    }

    public IEnumerable<HostElement> Children(string name)
    {
        _known.Add(name);
        return element.Elements(name).Select(child => new HostElement(child, file));
    }

    public HostElement? Child(string name)
    {
        var children = Children(name).ToArray();
        return children.Length <= 1 ? children.FirstOrDefault() : throw children[1].Error("is there twice, expected one at most.");
    }

    /// <summary>Call this last: whatever was not read before is a mistake.</summary>
    public void NothingElse()
    {
        var strange = element.Attributes().Select(attribute => attribute.Name).Concat(element.Elements().Select(child => child.Name))
            .FirstOrDefault(name => !_known.Contains(name));
        if (strange is not null)
            throw Error($"has '{strange}', expected only {string.Join(", ", _known.Select(name => $"'{name}'"))}.");
    }
}
