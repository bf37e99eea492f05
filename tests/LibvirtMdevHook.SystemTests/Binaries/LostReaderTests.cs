using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// A hook may stand still before it has begun, while its libvirtd is killed and another one starts the domain. It cannot know when it was
/// called, but nobody reads its outputs any more, so it hands nothing over.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class LostReaderTests
{
    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

    [TestCase("prepare", 1)]
    [TestCase("start", 1)]
    [TestCase("started", 0)]
    [TestCase("stopped", 0)]
    [TestCase("release", 0)]
    public void A_hook_whose_libvirtd_has_gone_leaves_the_next_life_alone(string operation, int status)
    {
        using var late = new LatePrograms();
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0") { Program = late.Hook };
        var frozen = late.BeginWithoutReader(host, operation, _domain);
        // start and started would change the phase of what is only prepared.
        if (operation.StartsWith("start", StringComparison.Ordinal))
            host.Call("prepare", _domain).MustBeGood();
        else
            host.Start(_domain);
        if (operation == "started")
            host.Call("start", _domain).MustBeGood();
        // On a busy machine the hook has ended before its worker has noted the phase.
        host.WaitForWorkers();
        var before = (File.ReadAllText(host.Record(_domain)), host.Host.Tree());

        late.Open(host);

        Assert.That(frozen.End().Status, Is.EqualTo(status));
        host.WaitForWorkers();
        Assert.That((File.ReadAllText(host.Record(_domain)), host.Host.Tree()), Is.EqualTo(before), host.LastOfLog);
        Assert.That(host.Log, Does.Contain($"{operation} of domain 'win10': nobody reads what the hook prints any more"));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [TestCase("migrate", 1)]
    [TestCase("restore", 0)]
    public void A_hook_whose_libvirtd_has_gone_reserves_nothing(string operation, int status)
    {
        using var late = new LatePrograms();
        using var host = new HookedHost("m60-mdev.xml") { Program = late.Hook };
        var frozen = late.BeginWithoutReader(host, operation, _domain);

        late.Open(host);

        Assert.That(frozen.End().Status, Is.EqualTo(status));
        host.MustBeAsBefore();
    }

    /// <summary>Nothing that could go reads these.</summary>
    [TestCase("/dev/null")]
    [TestCase("/dev/zero")]
    [TestCase("$LIBVIRT_MDEV_ROOT/printed")]
    public void Outputs_that_are_no_pipes_have_no_reader_to_lose(string place)
    {
        using var folder = new TemporaryFolder();
        using var late = new LatePrograms();
        var program = folder.Program("elsewhere", $"#!/bin/sh\nexec >\"{place}\" 2>&1\nexec '{late.Hook}' \"$@\"\n");
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0") { Program = program };

        host.Start(_domain);

        Assert.That(host.Host.Exists(_domain.Vgpus[0].Path));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }
}
