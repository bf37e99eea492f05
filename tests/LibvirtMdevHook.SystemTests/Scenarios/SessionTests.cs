using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>libvirt's session daemon of an ordinary user calls the same hook.</summary>
[TestFixture]
internal sealed class SessionTests() : Scenario("m60-rfc2016.xml")
{
    private const UnixFileMode ForAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute;

    [SetUp]
    public void LetEverybodyReachTheHook() => File.SetUnixFileMode(Path.GetDirectoryName(Lab.Folder)!, ForAll);

    [Test]
    public void A_domain_without_a_declaration_starts()
    {
        var domain = new GuestDomain("mine");

        Assert.That(Create(domain).Errors.Trim(), Is.Empty);
        Assert.That(Virsh("domstate", domain.Name).Output.Trim(), Is.EqualTo("running"));
        Virsh("destroy", domain.Name).Expected("virsh destroy");
    }

    [Test]
    public void A_domain_with_a_declaration_is_refused()
    {
        var domain = new VgpuDomain("mine", "GRID M60-4Q");

        Assert.That(Sentence(Failure(Create(domain.Guest()))), Is.EqualTo(
            "domain 'mine' declares mediated devices, for which the hook must run as root; define it in qemu:///system"));
        Assert.That(Effects, Is.Empty);
    }

    [Test]
    public void A_domain_that_has_the_uuid_of_one_with_vGPUs_is_another_domain()
    {
        var system = new VgpuDomain("system", "GRID M60-4Q");
        Start(system);
        var session = new GuestDomain("mine") { Uuid = system.Uuid };

        Assert.That(Create(session).Errors.Trim(), Is.Empty);
        Virsh("destroy", session.Name).Expected("virsh destroy");
        Assert.That(HasRecord(system));
        Assert.That(Writes, Has.Length.EqualTo(2), "It was created and brought online, and nothing else.");
    }

    private Outcome Create(GuestDomain domain) => Lab.RunAsNobody(
        "sh", "-c", "printf %s \"$0\" >$HOME/domain.xml && exec virsh -c qemu:///session create $HOME/domain.xml", domain.ToString());

    private Outcome Virsh(params IEnumerable<string> arguments) => Lab.RunAsNobody(["virsh", "-c", "qemu:///session", .. arguments]);
}
