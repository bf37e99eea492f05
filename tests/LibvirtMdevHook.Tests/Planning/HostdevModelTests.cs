using LibvirtMdevHook.Planning;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>The model of a hostdev is the device_api of its type, where this host shows it.</summary>
internal sealed class HostdevModelTests
{
    [TestCase("vfio_ap-passthrough", "", "vfio-ap")]
    [TestCase("VFIO AP Passthrough Device", "matrix", "vfio-ap")]
    [TestCase("I/O subchannel (Non-QDIO)", "", "vfio-ccw")]
    [TestCase("vfio_ccw-io", "css_0_0_0023", "vfio-ccw")]
    [TestCase("vfio_ccw-io", "matrix", null, Description = "not on that parent")]
    [TestCase("GRID M60-4Q", "", null, Description = "not on this host")]
    public void An_IBM_Z_has_models_of_its_own(string type, string parents, string? model)
    {
        using var tree = TreeOfText.Of("s390");

        Assert.That(HostdevModel.Of(tree.Root, type, parents), Is.EqualTo(model));
    }

    [TestCase("m60-mdev", "GRID M60-2Q", "vfio-pci")]
    [TestCase("gvtg", "i915-GVTg_V4_2", "vfio-pci")]
    [TestCase("m60-rfc2016", "GRID M60-4Q", null, Description = "its table shows none")]
    public void Any_dialect_that_shows_it_is_asked(string host, string type, string? model)
    {
        using var tree = TreeOfText.Of(host);

        Assert.That(HostdevModel.Of(tree.Root, type, ""), Is.EqualTo(model));
    }
}
