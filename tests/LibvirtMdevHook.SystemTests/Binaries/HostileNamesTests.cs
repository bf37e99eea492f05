using System.Text.Json;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Names that would change what the administrator's terminal shows: a sequence that a terminal obeys, a character that reverses the text,
/// and a line that looks like one of ours. Whoever may edit a domain chooses its name, and a driver those of its types.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class HostileNamesTests
{
    private const string Forged = "create 00000000-0000-0000-0000-000000000000 on forged (mdev)";
    private const string Beginning = "x\u009b31mRED\u202e\u2028";
    private const string Hostile = $"{Beginning}\n{Forged}";

    /// <summary>How it is shown.</summary>
    private const string Shown = @"x\u009b31mRED\u202e\u2028\n" + Forged;

    private const string Type = "GRID M60-4Q";

    private readonly DeclaringDomain _domain = DeclaringDomain.With(Hostile, 1, "nvidia-20");

    [TestCase("types", $"{Type}{Shown}")]
    [TestCase("list", Shown)]
    [TestCase("check FILE", Shown)]
    [TestCase("check BAD", Shown)]
    [TestCase("plan FILE", Shown)]
    [TestCase("plan BAD", Shown)]
    [TestCase("plan FULL", Shown)]
    [TestCase("reconcile", Shown)]
    [TestCase("doctor", Shown)]
    public void A_verb_shows_them_as_what_they_are(string verb, string shown)
    {
        using var host = Host();
        host.Start(_domain);
        var virsh = new RecordedVirsh(host, $"{_domain}");
        string[] arguments = [.. verb.Split(' ').Select(word => Argument(host, word))];

        var run = virsh.VirtMdev(arguments);
        MustBeHarmless(run);
        Assert.That(run.Output + run.Errors, Does.Contain(shown));

        var json = virsh.VirtMdev([.. arguments, "--json"]);
        MustBeHarmless(json);
        using var document = JsonDocument.Parse(json.Output);
        Assert.That(Texts(document.RootElement), Has.Some.Contains(Beginning).Or.Some.Contains(Shown));
        MustBeHarmless(host.Log);
    }

    [TestCase("retarget NAME", $"domain '{Shown}': nothing has to be changed")]
    [TestCase("attach NAME --type nvidia-20", $"' on '0000:86:00.0') to '{Shown}'")]
    [TestCase("detach NAME 6a2f0d1c-0000-4000-8000-000000000001", $"domain '{Shown}': ")]
    [TestCase("metrics", @"domain=""x\\u009b31mRED\\u202e\\u2028\\n" + Forged)]
    [TestCase("ODD", @"Verb 'x\u009b31m' is not recognized")]
    [TestCase("plan NAME", Shown)]
    public void A_verb_without_JSON_shows_them_as_what_they_are(string verb, string shown)
    {
        using var host = Host();
        host.Start(_domain);
        var virsh = new RecordedVirsh(host, $"{_domain}");

        var run = virsh.VirtMdev(verb.Split(' ').Select(word => Argument(host, word)));

        MustBeHarmless(run);
        Assert.That(run.Output + run.Errors, Does.Contain(shown));
        MustBeHarmless(host.Log);
    }

    [Test]
    public void A_name_with_a_line_end_is_one_of_the_steps()
    {
        using var host = Host();

        var run = host.VirtMdev("plan", Argument(host, "BAD"), "--json");

        using var document = JsonDocument.Parse(run.Output);
        Assert.That(document.RootElement.GetProperty("steps").EnumerateArray().Single().GetString(),
            Does.StartWith($"refuse: domain '{Hostile}': "));
    }

    [Test]
    public void A_document_is_as_it_was_for_a_program_and_harmless_on_a_terminal()
    {
        using var host = Host();
        var file = Argument(host, "FILE");

        Assert.That(host.VirtMdev("render", file).Expected("render").Output, Does.Contain(Hostile));

        var command = $"LIBVIRT_MDEV_ROOT={host.Host.Root} {SourceTree.VirtMdev} render {host.InRoot("shown.xml")}";
        File.Copy(file, host.InRoot("shown.xml"));
        var onTerminal = Command.Run("script", "-qec", command, "/dev/null").Expected("script").Output;
        Assert.That(onTerminal, Does.Contain(@"x\u009b31mRED\u202e\u2028").And.Contain("</domain>"));
        // The runtime itself switches the keypad on and off.
        foreach (var keypad in new[] { "\u001b[?1h\u001b=", "\u001b[?1l\u001b>", "\r" })
            onTerminal = onTerminal.Replace(keypad, "", StringComparison.Ordinal);
        Assert.That(Obeyed(onTerminal), Is.Empty);
    }

    private static HookedHost Host() => new(
        "m60-mdev.xml",
        $"placement = \"{Hostile.Replace("\n", "\\n", StringComparison.Ordinal)}\"",
        text => text.Replace(Type, Type + Hostile.Replace("\n", "&#10;", StringComparison.Ordinal), StringComparison.Ordinal));

    private string Argument(HookedHost host, string word)
    {
        var xml = word switch
        {
            "FILE" => $"{_domain}",
            "BAD" => $"{_domain}".Replace("type='nvidia-20'", "type='no such'", StringComparison.Ordinal),
            "FULL" => $"{DeclaringDomain.With(Hostile, 4, "nvidia-20")}",
            _ => null,
        };
        if (xml is null)
            return word switch { "NAME" => Hostile, "ODD" => "x\u009b31m", _ => word };
        var file = host.InRoot($"{Hostile}.xml".Replace('/', '_'));
        File.WriteAllText(file, xml);
        return file;
    }

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => Texts(property.Value)),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };

    private static IEnumerable<char> Obeyed(string text) =>
        text.Where(c => (char.IsControl(c) && c != '\n') || c is '\u2028' or '\u2029' or '\u202e');

    private static void MustBeHarmless(Outcome run) => MustBeHarmless(run.Output + run.Errors);

    private static void MustBeHarmless(string text)
    {
        Assert.That(Obeyed(text), Is.Empty, text);
        Assert.That(text.Split('\n').Where(line => line.StartsWith("create 0", StringComparison.Ordinal)), Is.Empty, text);
    }
}
