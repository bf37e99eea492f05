using System.Text;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Whatever the XML of a domain contains, its administrator reads one sentence, nothing is changed, and other domains are not affected.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class BadInputTests
{
    private const string Ours = "urn:libvirt-mdev-hook:1";

    private static readonly DeclaringDomain Domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

    private static readonly string Device = $"{Domain.Vgpus[0].Uuid}";

    private HookedHost? _host;

    private HookedHost Host => _host ??= new HookedHost("m60-rfc2016.xml");

    [OneTimeTearDown]
    public void RemoveTheHost() => _host?.Dispose();

    [TestCaseSource(nameof(Mistakes))]
    public void Prepare_is_refused_in_a_sentence_and_nothing_is_changed(Mistake mistake)
    {
        Host.Call("prepare", Domain.Name, mistake.Xml).MustBeRefused(["domain 'win10': ", .. mistake.Words]);

        Host.MustBeAsBefore();
        Assert.That(Host.Host.Log(), Is.Empty);
    }

    [TestCaseSource(nameof(Mistakes))]
    public void The_same_in_foreign_metadata_is_none_of_our_business(Mistake mistake)
    {
        var xml = mistake.Xml.Replace("urn:libvirt-mdev-hook:", "urn:another-application:", StringComparison.Ordinal);

        Host.Call("prepare", Domain.Name, xml).MustBeGood();

        Assert.That(Host.Host.Log(), Is.Empty);
    }

    [Test]
    public void A_doubled_prefix_of_another_application_keeps_no_domain_from_starting()
    {
        using var own = new HookedHost("m60-rfc2016.xml");
        var domain = Domain with { OthersMetadata = "<app:app:note xmlns:app='urn:app'>&lt;<app:app:x/></app:app:note>" };

        own.Start(domain);
        own.Stop(domain);

        own.MustBeAsBefore();
        Assert.That(own.Writes, Has.Count.EqualTo(4));
    }

    [TestCase("--help")]
    [TestCase("-")]
    [TestCase("..")]
    [TestCase("a\nb\tc")]
    [TestCase("it's \"quoted\" $(reboot) %s%n <&>")]
    [TestCase("名前 dömäin")]
    [TestCaseSource(nameof(LongNames))]
    public void Any_name_of_a_domain_is_a_name(string name)
    {
        using var own = new HookedHost("m60-rfc2016.xml");
        var printed = name.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);

        own.Call("prepare", DeclaringDomain.With(name, 1, "no such type")).MustBeRefused($"domain '{printed}': ", "no such type");
        var torn = Domain.ToString().Replace("</devices>", "", StringComparison.Ordinal);
        own.Call("prepare", name, torn).MustBeRefused($"domain '{printed}': ", "not well-formed");
        own.Start(Domain with { Name = name });
        Assert.That(own.VirtMdev("list").Output, Does.Contain(printed));
        own.Stop(Domain with { Name = name });
        own.MustBeAsBefore();
        Assert.That(own.Log.TrimEnd('\n').Split('\n'), Is.All.Contains($"domain '{printed}'"));
    }

    [Test]
    public void A_long_refusal_is_cut_in_the_log_and_whole_for_the_person()
    {
        using var own = new HookedHost("m60-rfc2016.xml");
        var odd = new string('x', 5000);

        var xml = Domain.ToString().Replace("<mdev:hostdevs ", $"<mdev:hostdevs {odd}='1' ", StringComparison.Ordinal);

        own.Call("prepare", Domain.Name, xml).MustBeRefused(odd);
        Assert.That(own.Log.Split('\n'), Has.All.Length.LessThan(1500));
        Assert.That(own.Log, Does.Contain("refused: domain 'win10': ").And.EndWith("...\n"));
    }

    private static IEnumerable<string> LongNames() => [new string('x', 200)];

    private static IEnumerable<Mistake> Mistakes()
    {
        var good = Domain.ToString();
        yield return Of("malformed", "</devices>", "", "not well-formed");
        yield return Of("cut off", good[(good.Length / 2)..], "", "not well-formed");
        yield return Of("doubled prefix", "mdev:hostdev", "mdev:mdev:hostdev", "doubled prefix", "virsh metadata");
        yield return Of("unknown version", Ours, "urn:libvirt-mdev-hook:2", "'urn:libvirt-mdev-hook:2'", $"'{Ours}'");
        yield return Of("unknown attribute", "<mdev:hostdev ", "<mdev:hostdev color='red' ", "'color'", "expected");
        yield return Of("unknown rule", "<mdev:hostdevs ", "<mdev:hostdevs gpu='none' ", "'none'", "'any', 'same' or 'different'");
        yield return Of("unknown element", "mdev:hostdevs", "mdev:devices", "'mdev:devices'", "expected <hostdevs>");
        yield return Of("unknown type", "'GRID M60-4Q'", "'GRID M60-4K'", "'GRID M60-4K'", "'0000:86:00.0'", "did you mean 'GRID M60-4Q'");
        yield return Of("wild type", "'GRID M60-4Q'", "'%s&#9786;'", "'0000:86:00.0'", "no such type");
        yield return Of("unknown parent", "type='GRID M60-4Q'", "type='GRID M60-4Q' parent='0000:88:00.0'", "'0000:88:00.0'");
        yield return Of("parent that is a path", "type='GRID M60-4Q'", "type='GRID M60-4Q' parent='../../x'", "'../../x'");
        yield return Of("bad uuid", $"<mdev:hostdev uuid='{Device}'", "<mdev:hostdev uuid='12345'", "'12345'", "uuid");
        yield return Of("uuid twice", "</mdev:hostdevs>",
            $"<mdev:hostdev uuid='{Device.ToUpperInvariant()}' type='GRID M60-4Q'/></mdev:hostdevs>", $"'{Device}'", "declared twice");
        yield return Of("not in devices", Domain.Vgpus[0].Hostdev, "", $"'{Device}'", "add <hostdev", "virsh metadata 'win10'");
        yield return Of("attribute that is not allowed", " type='GRID M60-4Q'></mdev:hostdev>",
            " type='GRID M60-4Q'><mdev:attr name='remove' value='1'/></mdev:hostdev>", "'remove'", "may be set");
        foreach (var (name, value, words) in new[]
        {
            ("nvidia/../remove", "1", "may be set"), ("/etc/passwd", "1", "may be set"), ("..", "1", "may be set"),
            ("nvidia/current_vgpu_type", "0", "may be set"), ("nvidia/vgpu_params", "a=1&#10;b=2", "control characters"),
            ("nvidia/vgpu_params", "a&#0;", "not well-formed"),
        })
        {
            yield return Of($"attribute {name} {value}", " type='GRID M60-4Q'></mdev:hostdev>",
                $" type='GRID M60-4Q'><mdev:attr name='{name}' value='{value}'/></mdev:hostdev>", words);
        }

        yield return Of("arguments of ours", "type='GRID M60-4Q'", "type='GRID M60-4Q' args='vm_uuid=1'", "vm_uuid");
        yield return Of("5 MB after it", "</domain>", $"<!--{new string('x', 5 << 20)}--></domain>", "longer than");
        yield return Of("5 MB before it", "<metadata>", $"<!--{new string('x', 5 << 20)}--><metadata>", "longer than");
        yield return Of("a DTD", "<domain ", "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain ", "DTD");
        yield return Of("a DTD that grows", "<domain ", "<!DOCTYPE domain [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><domain ", "DTD");
        yield return Of("deep nesting", "</domain>", Repeated("<a>", 100_000) + Repeated("</a>", 100_000) + "</domain>", "nested deeper");
        yield return Of("a control character", "<os>", "\u0001<os>", "not well-formed");

        Mistake Of(string name, string what, string by, params string[] words)
        {
            Assert.That(good, Does.Contain(what), name);
            return new Mistake(name, good.Replace(what, by, StringComparison.Ordinal), words);
        }
    }

    private static string Repeated(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();

    /// <summary>A mistake in a domain's XML.</summary>
    /// <param name="Words">Words of the sentence.</param>
    internal sealed record Mistake(string Name, string Xml, string[] Words)
    {
        public override string ToString() => Name;
    }
}
