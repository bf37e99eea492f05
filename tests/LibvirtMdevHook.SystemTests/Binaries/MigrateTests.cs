using System.Text.RegularExpressions;
using LibvirtMdevHook.Simulator.Tree;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A domain comes to this host, by a migration or from a saved state: libvirt takes the XML that the hook prints.</summary>
[TestFixture("migrate")]
[TestFixture("restore")]
[Parallelizable(ParallelScope.All)]
internal sealed class MigrateTests(string operation)
{
    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void XML_that_fits_passes_as_it_is_and_the_domain_lives_and_ends(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");

        host.Call(operation, _domain).MustBeGood();

        Assert.That(host.Writes, Is.Empty, "nothing is made before prepare");
        Assert.That(host.Kept(), Is.EqualTo(new[] { "lock", $"reserved/{_domain.Uuid}.xml" }));
        host.Start(_domain);
        Assert.That(host.Host.Exists(_domain.Vgpus[0].Path));
        Assert.That(File.Exists(host.Reservation(_domain)), Is.False, "prepare has taken what was reserved");
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void A_uuid_that_another_domain_has_is_replaced_in_both_places_and_nowhere_else(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var other = DeclaringDomain.With("other", 1, "GRID M60-4Q");
        host.Start(other);
        var device = host.Host.Inode(other.Vgpus[0].Path);
        var clone = _domain with
        {
            Vgpus = [_domain.Vgpus[0], _domain.Vgpus[0] with { Uuid = other.Vgpus[0].Uuid },
                new Vgpu("type='GRID M60-4Q'") { ByCommandline = true }],
            OthersMetadata = $"<!-- {other.Vgpus[0].Uuid} --><o:o:x xmlns:o='urn:other'>\r\n{other.Vgpus[0].Uuid}  \ud83d\ude00</o:o:x>",
        };

        var rewritten = host.Call(operation, clone).MustBeRewritten();

        var uuid = Guid.Parse(Regex.Matches(rewritten, "<mdev:hostdev uuid='([^']*)'")[1].Groups[1].Value);
        Assert.That(rewritten, Is.EqualTo((clone with { Vgpus = clone.Vgpus.SetItem(1, clone.Vgpus[1] with { Uuid = uuid }) }).ToString()));
        Assert.That(host.Log,
            Does.Contain($"{operation} of domain 'win10': the device '{other.Vgpus[0].Uuid}' becomes '{uuid}' ('GRID M60-4Q' on "));
        host.Call(operation, clone.Name, rewritten).MustBeGood("a second hook that gets the output of the first");
        host.Call("prepare", clone.Name, rewritten).MustBeGood();
        Assert.That(host.Host.Inode(other.Vgpus[0].Path), Is.EqualTo(device));
        host.Stop(clone);
        host.Stop(other);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_uuid_in_an_argument_is_replaced_too()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var old = _domain with { Vgpus = [_domain.Vgpus[0] with { ByCommandline = true }] };
        Assert.That(host.Host.Write("sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-22/create", $"{old.Vgpus[0].Uuid}"),
            Is.EqualTo(Errno.None));

        var rewritten = host.Call(operation, old).MustBeRewritten();

        var uuid = Guid.Parse(Regex.Match(rewritten, "<mdev:hostdev uuid='([^']*)'").Groups[1].Value);
        Assert.That(rewritten, Is.EqualTo((old with { Vgpus = [old.Vgpus[0] with { Uuid = uuid }] }).ToString()));
    }

    [TestCase("GRID M60-4X", "'0000:86:00.0', '0000:87:00.0' have no such type; did you mean 'GRID M60-4A' or 'GRID M60-4Q'")]
    [TestCase("nvidia-4711", "have no such type")]
    [TestCase("GRID M60-4Q' parent='0000:99:00.0", "the parent '0000:99:00.0' is not on this host")]
    public void A_type_that_is_not_available_here_refuses_a_migration_and_leaves_a_restore_to_prepare(string type, string reason)
    {
        using var host = new HookedHost("m60-mdev.xml");
        var foreign = DeclaringDomain.With("win10", 1, type);

        CallInVain(host, foreign.Name, foreign.ToString(), "domain 'win10'", $"'{foreign.Vgpus[0].Uuid}'", reason);
        host.Call("prepare", foreign).MustBeRefused("domain 'win10'", $"'{foreign.Vgpus[0].Uuid}'", reason);

        host.MustBeAsBefore();
    }

    [Test]
    public void A_declaration_that_is_wrong_refuses_a_migration_and_leaves_a_restore_to_prepare()
    {
        using var host = new HookedHost("m60-mdev.xml");

        CallInVain(host, _domain.Name, $"{_domain with { Rules = "gpu='mine'" }}", "domain 'win10'", "gpu='mine' is not known");
        CallInVain(host, _domain.Name, $"{_domain}<", "domain 'win10'", "not well-formed");

        host.MustBeAsBefore();
    }

    [Test]
    public void A_declared_device_that_the_guest_has_no_more_is_dropped()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var before = _domain with { Vgpus =
            [_domain.Vgpus[0], new Vgpu("type='no such type'") { Attrs = "<mdev:attr name='vendor/x' value='&gt;'/>" }] };
        var unplugged = before.ToString().Replace(before.Vgpus[1].Hostdev, "", StringComparison.Ordinal);

        Assert.That(host.Call(operation, _domain.Name, unplugged).MustBeRewritten(), Is.EqualTo(_domain.ToString()));
        var none = unplugged.Replace(before.Vgpus[0].Hostdev, "", StringComparison.Ordinal);
        Assert.That(host.Call(operation, _domain.Name, none).MustBeRewritten(),
            Is.EqualTo(none.Replace(before.Declaration, "", StringComparison.Ordinal)));
    }

    [Test]
    public void What_the_domain_itself_left_here_takes_nothing_from_it()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var two = DeclaringDomain.With("win10", 4, "GRID M60-4Q");
        host.Start(two);
        var record = File.ReadAllText(host.Record(two));

        host.Call(operation, two).MustBeGood();

        Assert.That(File.ReadAllText(host.Record(two)), Is.EqualTo(record), "it may as well be running here");
        host.Start(two);
        host.Stop(two);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_held_device_that_the_domain_left_here_is_replaced()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        host.Start(_domain);
        string rewritten;
        using (new Holder(host.NodeOf(_domain.Vgpus[0])))
        {
            host.Stop(_domain);
            rewritten = host.Call(operation, _domain).MustBeRewritten();
            host.Call("prepare", _domain.Name, rewritten).MustBeGood("the other device is not waited for");
        }

        Assert.That(rewritten, Does.Not.Contain($"{_domain.Vgpus[0].Uuid}"));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_host_that_does_not_answer_is_not_waited_for()
    {
        using var host = new HookedHost("m60-mdev.xml", "migrate_deadline = 1");
        host.Host.Control("fault hang op=read path=**/available_instances");

        var run = CallInVain(host, _domain.Name, _domain.ToString(), "domain 'win10'", "this host has not found out within 1 s");

        Assert.That(run.Time, Is.LessThan(TimeSpan.FromSeconds(5)));
        host.Host.Control("clear");
        host.MustBeAsBefore();
    }

    /// <summary>
    /// Calls the hook for something that it cannot do. It refuses a migration with a sentence; it passes a restore and logs the sentence.
    /// </summary>
    private HookRun CallInVain(HookedHost host, string name, string xml, params string[] words)
    {
        var run = host.Call(operation, name, xml);
        if (operation == "migrate")
            return run.MustBeRefused(words);
        Assert.That(words.Where(word => !host.Log.Contains(word, StringComparison.Ordinal)), Is.Empty, host.Log);
        return run.MustBeGood();
    }
}
