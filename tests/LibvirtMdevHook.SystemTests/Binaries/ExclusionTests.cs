using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Parents that the configuration excludes. What is excluded is never used because of a mistake in the file.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ExclusionTests
{
    private const string Excluded = "excluded_parents = [ \"0000:86:00.0\" ]";
    private const string Mistake = "# of our fleet\nexcluded_parents = [ \"0000:86:00.0\"";
    private const string Refused = "etc/libvirt/mdev-hook.conf' line 2: excluded_parents = [ \"0000:86:00.0\" is not a list of parents";

    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

    [TestCase($"{Excluded}   # broken fan")]
    [TestCase("excluded_parents = [\n  '0000:86:00.0',   # broken fan\n]")]
    public void An_excluded_parent_is_not_used_whatever_comment_is_behind_it(string configuration)
    {
        using var host = new HookedHost("m60-mdev.xml", configuration);

        host.Start(_domain);

        Assert.That(host.Creates.Single(), Does.StartWith("0000:87:00.0/"));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [TestCase("prepare")]
    [TestCase("migrate")]
    public void An_exclusion_with_a_mistake_refuses_until_it_is_corrected(string operation)
    {
        using var host = new HookedHost("m60-mdev.xml", Mistake);

        host.Call(operation, _domain).MustBeRefused("domain 'win10': its devices cannot be placed: ", Refused);
        Assert.That(host.Creates, Is.Empty);

        File.WriteAllText(Configuration(host), Excluded);
        host.Call(operation, _domain).MustBeGood();
    }

    [TestCase("a folder")]
    [TestCase("a fifo")]
    [TestCase("a link to nothing")]
    public void A_configuration_that_cannot_be_read_refuses_too(string what)
    {
        using var host = new HookedHost("m60-mdev.xml");
        var file = Configuration(host);
        if (what == "a folder")
            Directory.CreateDirectory(file);
        else if (what == "a fifo")
            Command.Run("mkfifo", file).Expected("mkfifo");
        else
            File.CreateSymbolicLink(file, "/nowhere/at/all");

        host.Call("prepare", _domain).MustBeRefused("its devices cannot be placed", $"'{file}'", "until it can be read");
        host.Call("restore", _domain).MustBeGood("it is left to prepare");

        Assert.That(host.Creates, Is.Empty);
    }

    [Test]
    public void A_domain_that_declares_nothing_starts_all_the_same()
    {
        using var host = new HookedHost("m60-mdev.xml", Mistake);

        host.Call("prepare", _domain.Name, _domain.WithoutMetadata()).MustBeGood();
    }

    [Test]
    public void Restore_leaves_it_to_prepare()
    {
        using var host = new HookedHost("m60-mdev.xml", Mistake);

        host.Call("restore", _domain).MustBeGood();

        Assert.That(host.Log, Does.Contain("Warn  restore of domain 'win10': left to prepare: domain 'win10': "
            + $"its devices cannot be placed: '{Configuration(host)}' line 2: excluded_parents"));
    }

    [Test]
    public void A_domain_that_runs_goes_on_and_ends()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        host.Call("prepare", _domain).MustBeGood();
        File.AppendAllText(Configuration(host), Mistake);

        foreach (var operation in new[] { "start", "started", "reconnect", "attach" })
            host.Call(operation, _domain).MustBeGood(operation);
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void The_verbs_that_choose_a_parent_refuse_and_doctor_says_why()
    {
        using var host = new HookedHost("m60-mdev.xml", Mistake);
        var virsh = new RecordedVirsh(host, $"{_domain with { Vgpus = [] }}");
        var file = host.InRoot("domain.xml");
        File.WriteAllText(file, $"{_domain}");

        var plan = host.VirtMdev("plan", file);
        Assert.That((plan.Status, plan.Output), Is.EqualTo((1, plan.Output)));
        Assert.That(plan.Output, Does.StartWith("refuse: domain 'win10': its devices cannot be placed: ").And.Contain(Refused));

        var attach = virsh.VirtMdev("attach", "win10", "--type", "GRID M60-4Q");
        Assert.That((attach.Status, attach.Output), Is.EqualTo((1, "")));
        Assert.That(attach.Errors, Does.Contain(Refused));
        Assert.That(virsh.Calls, Is.Empty);
        Assert.That(host.Creates, Is.Empty);

        var doctor = host.VirtMdev("doctor").Output.Split('\n');
        Assert.That(doctor.Single(line => line.StartsWith("wrong  configuration", StringComparison.Ordinal)), Does.Contain(Refused));
    }

    private static string Configuration(HookedHost host) => host.InRoot("etc/libvirt/mdev-hook.conf");
}
