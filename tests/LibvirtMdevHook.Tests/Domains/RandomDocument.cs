using System.Text;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>
/// A domain XML from a seed: it has one device in the places where it counts, and around them everything that can mislead a reader of
/// positions. The device's uuid also stands in other places, where it is text.
/// </summary>
internal sealed class RandomDocument
{
    /// <summary>Stands for the device where it counts.</summary>
    private const char Mark = '\ue000';

    /// <summary>Ways to write the uuid.</summary>
    private static readonly string[] Forms =
    [
        DomainText.First, DomainText.First.ToUpperInvariant(), DomainText.First.Replace("-", "", StringComparison.Ordinal),
        DomainText.First.Replace("-", "&#x2d;", StringComparison.Ordinal), "&#54;" + DomainText.First[1..],
    ];

    private static readonly string[] Noise =
    [
        $"<!-- {DomainText.First} uuid='{DomainText.First}' \ud83d\ude00 > -->", "<?pi uuid='x' > ?>", "\r\n", "\n", "\r", "\t", "  ",
        "\u00e9\u2028\u0085 \ud83d\ude00 text", "<![CDATA[ <hostdev uuid='x'> ]] > ]]>", "&amp;&lt;&#x1F600;&quot;",
    ];

    private static readonly string[] Foreign =
    [
        $"<o:o:x xmlns:o='urn:other' uuid='{DomainText.First}' a=\"it's > here\">\ud83d\ude00</o:o:x>", "<undeclared:thing a='&gt;'/>",
        $"<o:y xmlns:o='urn:other'>\r\n<o:z uuid='{DomainText.First}'/><![CDATA[</o:y>]]></o:y>",
    ];

    private readonly Random _random;

    private RandomDocument(int seed)
    {
        _random = new Random(seed);
        var declared =
            $"{NoiseHere()}<v:hostdev{Attributes($"uuid={Quoted(Mark)}", "type=\"GRID \ud83d\ude00 &quot;'M60\"", "parent='mtty'")}/>";
        Template =
            $"<domain type='kvm'>{NoiseHere()}<name>\ud83d\ude00&amp;</name><uuid>{DomainText.Uuid}</uuid><description>{DomainText.First}"
            + $"{NoiseHere()}</description>\n<metadata>{OthersHere()}<v:hostdevs xmlns:v='urn:libvirt-mdev-hook:1'>{WithoutText(declared)}"
            + $"</v:hostdevs>{OthersHere()}</metadata>{NoiseHere()}<devices>{NoiseHere()}"
            + $"<hostdev{Attributes("type='mdev'", "model=\"vfio-pci\"")}><source>{NoiseHere()}"
            + $"<address{Attributes($"uuid={Quoted(Mark)}", "more='\r\n\ud83d\ude00'")}"
            + $"/></source></hostdev></devices>{NoiseHere()}</domain>{(_random.Next(2) == 0 ? "\n" : "")}";
        var text = new StringBuilder();
        foreach (var c in Template)
            _ = c == Mark ? text.Append(Forms[_random.Next(Forms.Length)]) : text.Append(c);
        Text = text.ToString();
    }

    public string Text { get; }

    private string Template { get; }

    public static RandomDocument Of(int seed) => new(seed);

    /// <summary>The same document with another device in the places where it counts.</summary>
    public string With(string uuid) => Template.Replace(Mark.ToString(), uuid, StringComparison.Ordinal);

    private string NoiseHere() => string.Concat(Enumerable.Range(0, _random.Next(4)).Select(_ => Noise[_random.Next(Noise.Length)]));

    private string OthersHere() =>
        NoiseHere() + string.Concat(Enumerable.Range(0, _random.Next(3)).Select(_ => Foreign[_random.Next(Foreign.Length)]));

    /// <summary>Our own element takes no text.</summary>
    private static string WithoutText(string noise) => noise.Replace("\u00e9\u2028\u0085 \ud83d\ude00 text", "", StringComparison.Ordinal)
        .Replace("&amp;&lt;&#x1F600;&quot;", "", StringComparison.Ordinal)
        .Replace("<![CDATA[ <hostdev uuid='x'> ]] > ]]>", "", StringComparison.Ordinal);

    private string Quoted(char value) => _random.Next(2) == 0 ? $"'{value}'" : $"\"{value}\"";

    private string Attributes(params string[] attributes)
    {
        _random.Shuffle(attributes);
        string[] blanks = [" ", "\n", "\r\n\t", "  "];
        return string.Concat(attributes.Select(a => blanks[_random.Next(blanks.Length)]
            + a.Replace("=", _random.Next(3) == 0 ? " \n= " : "=", StringComparison.Ordinal)));
    }
}
