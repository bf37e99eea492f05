using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Declarations that 'virsh metadata' sets.</summary>
[TestFixture]
internal sealed class MetadataTests() : Scenario("m60-rfc2016.xml")
{
    private readonly VgpuDomain _domain = new("edited", "GRID M60-4Q");

    [SetUp]
    public void DefineWithoutDeclaration() => Lab.Define(_domain.Guest() with { Metadata = "" });

    [Test]
    public void Elements_without_a_prefix_are_a_declaration()
    {
        Set(VgpuDomain.Namespace, "mdev", $"<hostdevs>{_domain.Entries("")}</hostdevs>");
        Start(_domain.Uuid);

        Assert.That(HasRecord(_domain));
        Assert.That(Exists(_domain.Device));
    }

    [Test]
    public void A_declaration_on_the_hostdev_is_rendered_for_define_and_starts()
    {
        var shorthand = (_domain.Guest() with { Metadata = "", Devices = "<hostdev type='mdev' mdev:type='GRID M60-4Q'/>" }).ToString()
            .Replace("<domain ", $"<domain xmlns:mdev='{VgpuDomain.Namespace}' ", StringComparison.Ordinal);
        var file = Path.Combine(Lab.Folder, "run/lab/shorthand.xml");
        File.WriteAllText(file, shorthand);
        Assert.That(Lab.Virsh("define", "--validate", file).Status, Is.Not.Zero, "libvirt itself takes no such thing");

        File.WriteAllText(file, VirtMdev("render", file));
        Lab.Virsh("define", "--validate", file).Expected("virsh define");
        Start(_domain.Uuid);

        Assert.That(HasRecord(_domain));
        Assert.That(Lab.Host.State().Split('\n').Count(line => line.StartsWith("device ", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void Elements_with_a_prefix_are_refused_in_a_sentence_that_says_how()
    {
        Set(VgpuDomain.Namespace, "mdev", $"<mdev:hostdevs>{_domain.Entries("mdev:")}</mdev:hostdevs>");

        Assert.That(Refusal(_domain.Uuid), Does
            .Match("^domain 'edited': line [0-9]+: the element 'mdev:mdev:hostdevs' has a doubled prefix, ")
            .And.Contains($"virsh metadata DOMAIN --uri {VgpuDomain.Namespace} --key mdev --set '<hostdevs><hostdev .../></hostdevs>'"));
        Assert.That(Writes, Is.Empty);
    }

    [Test]
    public void The_doubled_prefix_of_another_application_is_none_of_our_business()
    {
        Set(VgpuDomain.Namespace, "mdev", $"<hostdevs>{_domain.Entries("")}</hostdevs>");
        Set("urn:other", "other", "<other:thing a='1'><other:part/></other:thing>");
        Assert.That(Lab.Virsh("dumpxml", _domain.Name).Output, Does.Contain("<other:other:thing "));
        Start(_domain.Uuid);

        Assert.That(Exists(_domain.Device));
    }

    private void Set(string uri, string key, string xml) =>
        Lab.Virsh("metadata", _domain.Name, "--uri", uri, "--key", key, "--set", xml, "--config").Expected("virsh metadata");
}
