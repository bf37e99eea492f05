using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Reports;
using LibvirtMdevHook.Tests.Types;
using NUnit.Framework;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Reports;

/// <summary>A tree in, what a person reads in a terminal of 80 columns out.</summary>
internal sealed class TypeListingTests
{
    private const int Width = 80;

    private const string Beside2Q = @"ID    : vGPU Name\n558   : NVIDIA A40-2Q\n";

    [TestCase("m60-rfc2016")]
    [TestCase("m60-mdev")]
    [TestCase("gvtg")]
    [TestCase("mtty")]
    public Task Types_are_listed_in_80_columns(string tree)
    {
        using var host = TreeOfText.Of(tree);
        return Verify(Listing(host));
    }

    [Test]
    public Task VFs_that_are_alike_share_a_line()
    {
        using var host = new TreeOfText(VfText.Gpu("0000:41", [.. Enumerable.Repeat((0, VfText.Idle), 16)]));
        return Verify(Listing(host));
    }

    [Test]
    public Task A_type_that_a_VF_hides_has_its_reason()
    {
        using var host = new TreeOfText(VfText.Gpu("0000:41", (0, Beside2Q), (558, VfText.Empty), (0, Beside2Q), (0, Beside2Q)));
        host.Add(Seen("557 NVIDIA A40-1Q", "558 NVIDIA A40-2Q", "562 NVIDIA A40-8Q", "566 NVIDIA A40-48Q"));
        return Verify(Listing(host));
    }

    [Test]
    public Task A_type_that_a_table_of_2016_hides_has_its_reason()
    {
        using var host = TreeOfText.Of("m60-rfc2016");
        host.Add(@"var/cache/libvirt-mdev/0000:86:00.0 = driver unknown\n18 GRID M60-8Q\n19 GRID M60-9Q\n");
        return Verify(Listing(host));
    }

    [Test]
    public Task A_GPU_whose_VFs_all_have_a_type_says_so()
    {
        using var host = new TreeOfText(VfText.Gpu("0000:41", (558, VfText.Empty), (558, VfText.Empty)));
        host.Add(Seen("557 NVIDIA A40-1Q", "558 NVIDIA A40-2Q"));
        return Verify(Listing(host));
    }

    [Test]
    public Task A_type_that_only_runs_is_listed_too()
    {
        using var host = new TreeOfText(VfText.Gpu("0000:41", (558, VfText.Empty), (0, VfText.Empty)));
        return Verify(Listing(host));
    }

    /// <summary>A VF in use has an instance of no type.</summary>
    [Test]
    public Task VFs_that_are_parents_share_their_types()
    {
        var gpu = RecordedGpu.ReadAll("mdev-vfs").First(g => g.Title.Contains("in MIG mode", StringComparison.Ordinal));
        using var host = gpu.Tree();
        host.Add(gpu.WithVf(2) + gpu.WithVf(3));
        foreach (var type in gpu.Types)
            host.Add($@"sys/devices/pci0000:00/0000:41:00.4/mdev_supported_types/{type.Id}/available_instances = 0\n");
        host.Add($"""
            sys/bus/mdev/devices/{DomainText.First} -> ../../../devices/pci0000:00/0000:41:00.4/{DomainText.First}
            sys/devices/pci0000:00/0000:41:00.4/{DomainText.First}/mdev_type -> ../mdev_supported_types/{gpu.Types[1].Id}
            """);
        return Verify(Listing(host));
    }

    private static string Seen(params string[] types) =>
        @"var/cache/libvirt-mdev/0000:41:00.0 = driver unknown\n" + string.Concat(types.Select(type => $@"nvidia-{type}\n"));

    private static string Listing(TreeOfText tree)
    {
        var host = HostReader.ReadAll(tree.Root);
        string[] lines = [.. new TypeListing(host, Capacity.Of(host, []), _ => false, Width).Lines()];
        Assert.That(lines.Where(line => line.Length > Width), Is.Empty);
        return string.Join('\n', lines);
    }
}
