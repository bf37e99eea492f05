using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>Attributes of a device are written in its folder and nowhere else.</summary>
internal sealed class DeviceAttributeTests
{
    [TestCase("device/nvidia -> ../elsewhere", TestName = "A folder that is a link is not followed")]
    [TestCase("device/nvidia/vgpu_params -> ../../elsewhere/vgpu_params", TestName = "A file that is a link is not followed")]
    public void A_link_leads_nowhere(string link)
    {
        using var tree = new TreeOfText($"elsewhere/vgpu_params = before\n{link}");

        var error = Write(tree, "nvidia/vgpu_params", "x=1", out _);

        Assert.That(error, Is.EqualTo(Errno.ELOOP));
        Assert.That(File.ReadAllText(tree.PathOf("elsewhere/vgpu_params")), Is.EqualTo("before"));
        Assert.That(DeviceAttribute.WhyNotSet(Name("nvidia/vgpu_params"), error),
            Is.EqualTo("it leads out of the device through a link (ELOOP)"));
    }

    [Test]
    public void An_attribute_that_is_not_there_is_not_made()
    {
        using var tree = new TreeOfText("device/nvidia/");

        var error = Write(tree, "nvidia/vgpu_params", "x=1", out _);

        Assert.That(DeviceAttribute.WhyNotSet(Name("nvidia/vgpu_params"), error), Is.EqualTo("the device has no such attribute (ENOENT)"));
        Assert.That(File.Exists(tree.PathOf("device/nvidia/vgpu_params")), Is.False);
    }

    [Test]
    public void What_reads_otherwise_is_told()
    {
        // A plain file keeps the bytes after the written ones.
        using var tree = new TreeOfText("device/nvidia/vgpu_params = x=1 and more");

        Assert.That(Write(tree, "nvidia/vgpu_params", "x=2", out var difference), Is.EqualTo(Errno.None));
        Assert.That(difference, Is.EqualTo("x=2\nand more"));
    }

    private static Errno Write(TreeOfText tree, string name, string value, out string? difference) =>
        DeviceAttribute.Write(tree.Root.At("/device"), new Attr(Name(name), value), out difference);

    private static AttrName Name(string text)
    {
        Assert.That(AttrName.TryParse(text, [], out var name));
        return name!;
    }
}
