using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A type that a GPU has shown earlier keeps its name while it is hidden; no decision depends on that.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SeenTypesTests
{
    private const string Cache = "var/cache/libvirt-mdev/0000:41:00.0";

    [Test]
    public void A_GPU_that_is_full_still_lists_its_types_and_where_they_cannot_be_set()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain("0000:41:00.4", "NVIDIA L40S-48Q");

        host.Start(domain);

        Assert.That(host.VirtMdev("types").Output, Does.Match("0000:41:00.4 +NVIDIA L40S-48Q\n")
            .And.Match("\n  not available: .* beside 1 x 'NVIDIA L40S-48Q'.*\n(    .*\n)*    NVIDIA L40S-4Q +nvidia-1150\n"));
        Assert.That(File.ReadAllText(host.InRoot(Cache)),
            Does.StartWith("driver 570.124.03\n").And.Contain("\nnvidia-1150 NVIDIA L40S-4Q\n"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void What_the_configuration_excludes_is_marked()
    {
        using var host = new HookedHost("l40s-vf.xml", "excluded_parents = [\"0000:41:00.5\"]");

        Assert.That(host.VirtMdev("types").Output,
            Does.Match("0000:41:00.4 +free\n").And.Match("0000:41:00.5 +free, excluded by the configuration\n"));
        host.Call("prepare", Domain("0000:41:00.5", "NVIDIA L40S-4Q"))
            .MustBeRefused("it is excluded by excluded_parents of the configuration");
    }

    [Test]
    public void Another_version_of_the_driver_begins_anew()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.VirtMdev("types").Expected("types");
        var text = File.ReadAllText(host.InRoot(Cache));
        File.WriteAllText(host.InRoot(Cache),
            text.Replace("570.124.03", "535.1", StringComparison.Ordinal) + "nvidia-9999 NVIDIA L40S-99Q\n");

        Assert.That(host.VirtMdev("types").Output, Does.Not.Contain("L40S-99Q"));
        Assert.That(File.ReadAllText(host.InRoot(Cache)), Is.EqualTo(text));
    }

    [Test]
    public void What_others_may_have_written_is_not_read()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.VirtMdev("types").Expected("types");
        File.AppendAllText(host.InRoot(Cache), "nvidia-9999 NVIDIA L40S-99Q\n");
        Assert.That(host.VirtMdev("types").Output, Does.Contain("L40S-99Q"));
        Command.Run("chmod", "666", host.InRoot(Cache)).Expected("chmod");

        Assert.That(host.VirtMdev("types").Output, Does.Not.Contain("L40S-99Q"));
    }

    [Test]
    public void A_name_that_is_only_in_the_cache_makes_no_device()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.VirtMdev("types").Expected("types");
        File.AppendAllText(host.InRoot(Cache), "nvidia-1150 NVIDIA L40S-99Q\nnvidia-9999 NVIDIA L40S-98Q\n");

        foreach (var type in new[] { "NVIDIA L40S-99Q", "NVIDIA L40S-98Q", "9999" })
            host.Call("prepare", Domain("0000:41:00.4", type)).MustBeRefused($"'{type}'");
        Assert.That(host.Writes, Is.Empty);
    }

    [Test]
    public void A_table_of_2016_that_shrinks_keeps_its_names()
    {
        using var host = new HookedHost("m60-rfc2016.xml",
            change: text => text.Replace("<rules", "<rules table=\"shrinking\"", StringComparison.Ordinal));
        var domain = new DeclaringDomain("first", new Vgpu("type='GRID M60-4Q' parent='0000:86:00.0'"));
        host.Start(domain);

        host.Call("prepare", new DeclaringDomain("second", new Vgpu("type='GRID M60-8Q' parent='0000:86:00.0'")))
            .MustBeRefused("it does not offer its type 'GRID M60-8Q' (18) now beside 1 x 'GRID M60-4Q'");
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    private static DeclaringDomain Domain(string address, string type) => new("win10", Vgpu.Vf(address, type));
}
