using System.Text.RegularExpressions;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A domain with a VF migrates in: its VF has another address here, or another domain has its address.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfMigrateTests
{
    private const string Type = "NVIDIA L40S-24Q";

    /// <summary>A VF of the host l40s-vf.xml.</summary>
    private const string Here = "0000:41:00.4";

    private const string Elsewhere = "00aa:99:1f.7";

    private readonly DeclaringDomain _domain = new("win10", Vgpu.Vf(Elsewhere, Type));

    [Test]
    public void An_address_that_is_free_here_stays()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var fits = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.6", Type));

        host.Call("migrate", fits).MustBeGood();

        Assert.That(host.Writes, Is.Empty);
        host.Start(fits);
        host.Stop(fits);
        host.MustBeAsBefore();
    }

    [Test]
    public void An_address_that_is_not_here_becomes_that_of_a_free_VF()
    {
        using var host = new HookedHost("l40s-vf.xml");

        var migrated = Migrated(host, _domain);

        host.Call("migrate", migrated).MustBeGood("a second hook that gets the output of the first");
        host.Start(migrated);
        host.Stop(migrated);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_VF_behind_a_controller_with_a_PCI_domain_of_its_own_is_a_VF()
    {
        using var host = new HookedHost("l40s-vf.xml", change: text => text.Replace(
            "pci0000:40/0000:40:01.0/0000:41:00.0", "pci10000:e0/10000:e0:01.0/10000:e1:00.0", StringComparison.Ordinal));

        var migrated = Migrated(host, _domain);

        Assert.That(migrated.Vgpus[0].Address, Is.EqualTo("10000:e1:00.4"));
        host.Start(migrated);
        host.Stop(migrated);
        host.MustBeAsBefore();
        Assert.That(host.Writes,
            Is.EqualTo(new[] { "10000:e1:00.4/nvidia/current_vgpu_type \"1155\" ok", "10000:e1:00.4/nvidia/current_vgpu_type \"0\" ok" }));
    }

    [Test]
    public void The_VF_of_another_domain_is_left_to_it()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var other = new DeclaringDomain("other", Vgpu.Vf(Here, Type));
        host.Start(other);
        var writes = host.Writes;

        var migrated = Migrated(host, _domain with { Vgpus = other.Vgpus });

        Assert.That(migrated.Vgpus[0].Address, Is.Not.EqualTo(Here));
        host.Start(migrated);
        Assert.That(host.Writes.Skip(writes.Count), Is.All.StartsWith(migrated.Vgpus[0].Address));
        host.Stop(migrated);
        host.Stop(other);
        host.MustBeAsBefore();
    }

    [Test]
    public void Two_domains_that_come_at_once_do_not_get_the_same_VF()
    {
        using var host = new HookedHost("l40s-vf.xml");
        DeclaringDomain[] domains =
            [.. new[] { "first", "second", "third" }.Select(name => new DeclaringDomain(name, Vgpu.Vf(Elsewhere, "NVIDIA L40S-4Q")))];

        var addresses = domains.Select(d => host.Begin("migrate", d)).ToArray().Select(migrate => Address(migrate.End().MustBeRewritten()))
            .ToArray();

        Assert.That(addresses, Is.Unique);
    }

    [Test]
    public void No_more_is_reserved_than_the_GPU_has()
    {
        using var host = new HookedHost("l40s-vf.xml");
        DeclaringDomain[] domains = [_domain, new DeclaringDomain("second", Vgpu.Vf(Elsewhere, Type)),
            new DeclaringDomain("third", Vgpu.Vf(Elsewhere, Type))];
        var small = new DeclaringDomain("small", Vgpu.Vf(Elsewhere, "NVIDIA L40S-1B"));
        host.Call("migrate", domains[0]).MustBeRewritten();
        var second = domains[1] with { Vgpus = [Vgpu.Vf(Address(host.Call("migrate", domains[1]).MustBeRewritten()), Type)] };

        host.Call("migrate", domains[2]).MustBeRefused("'third'", "no VF fits", "no instance is left beside 2 x 'NVIDIA L40S-24Q'");
        host.Call("migrate", small).MustBeRefused("'small'", "another size ('NVIDIA L40S-24Q') is reserved on its GPU for the domain");
        host.Start(second);

        Assert.That(File.ReadAllText(host.Record(second)), Does.Contain("gpu-gigabytes=\"48\""));
        host.Call("migrate", domains[2]).MustBeRefused("'third'");
        host.Stop(second);
    }

    [Test]
    public void Two_VFs_of_one_domain_become_two()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var two = _domain with { Vgpus = [_domain.Vgpus[0], Vgpu.Vf("0000:99:00.5", Type)] };

        var text = host.Call("migrate", two).MustBeRewritten();

        Assert.That(Addresses().Matches(text).Select(m => m.Groups[1].Value), Is.Unique);
        host.Call("prepare", two.Name, text).MustBeGood();
        host.Stop(two);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_type_that_no_VF_here_has_refuses_the_domain()
    {
        using var host = new HookedHost("l40s-vf.xml");

        host.Call("migrate", new DeclaringDomain("win10", Vgpu.Vf(Elsewhere, "NVIDIA A16-4711Q")))
            .MustBeRefused("domain 'win10'", $"'{Elsewhere}'");

        host.MustBeAsBefore();
    }

    /// <summary>Migrates the domain in, which may change nothing but its address.</summary>
    private static DeclaringDomain Migrated(HookedHost host, DeclaringDomain domain)
    {
        var text = host.Call("migrate", domain).MustBeRewritten();
        var migrated = domain with { Vgpus = [domain.Vgpus[0] with { Address = Address(text) }] };
        Assert.That(text, Is.EqualTo(migrated.ToString()));
        return migrated;
    }

    private static string Address(string xml) => Addresses().Match(xml).Groups[1].Value;

    private static Regex Addresses() => new("<mdev:hostdev address='([^']*)'");
}
