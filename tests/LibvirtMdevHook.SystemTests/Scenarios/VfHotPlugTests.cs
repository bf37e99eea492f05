using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>VFs that no declaration names: libvirt takes the one that attach or render has picked.</summary>
[TestFixture]
internal sealed class VfHotPlugTests() : HotPlugScenario("l40s-vf.xml",
    change: text => text.Replace("count=\"6\" driver=\"nvidia\"/>", "count=\"6\" driver=\"vfio-pci\"/>", StringComparison.Ordinal))
{
    private const string Vf = "0000:41:00.4";
    private const string CurrentType = $"/sys/bus/pci/devices/{Vf}/nvidia/current_vgpu_type";

    [Test]
    public void A_VF_is_attached_to_a_guest_that_runs_and_detached()
    {
        var domain = StartPlain("growing");

        var attach = Run(null, "attach", domain.Name, "--type", "NVIDIA L40S-4Q");

        Assert.That((attach.Status, attach.Output), Is.EqualTo((0, $"attached '{Vf}' ('NVIDIA L40S-4Q' on '0000:41:00.0') to 'growing'\n")),
            attach.Errors);
        Assert.That(Xml(domain),
            Does.Contain("<hostdev mode='subsystem' type='pci' managed='no'>")
                .And.Contain($"<mdev:hostdev address=\"{Vf}\" type=\"NVIDIA L40S-4Q\"/>"));
        var detach = Task.Run(() => Run(null, "detach", domain.Name, Vf));
        LetGoUntilEndOf(detach, domain);
        detach.Result.Expected("detach");
        Assert.That(Lab.Run("cat", CurrentType).Output, Is.EqualTo("0\n"));
        // For a hot-plugged PCI device libvirt 9.0 labels the host's own node here and never restores it; the node of a mediated device
        // goes with the device.
        Lab.Run("chown", "0:0", "/dev/vfio/1").Expected("chown");
        Destroy(domain);
    }

    [Test]
    public void A_VF_that_is_declared_for_the_next_start_is_there_then()
    {
        var domain = new VgpuDomain("waiting");
        Lab.Define(domain.Guest() with { Metadata = "", More = Acpi });

        Run(null, "attach", domain.Name, "--type", "NVIDIA L40S-4Q", "--persistent").Expected("attach");
        Start(domain.Uuid);

        Assert.That(Lab.Run("cat", CurrentType).Output, Is.EqualTo("1150\n"));
        Destroy(domain);
    }

    [Test]
    public void A_declaration_on_a_hostdev_is_rendered_for_define_and_starts()
    {
        var domain = new VgpuDomain("short");
        var shorthand = (domain.Guest() with { Metadata = "",
            Devices = "<hostdev mode='subsystem' type='pci' managed='no' mdev:type='NVIDIA L40S-4Q'/>" }).ToString()
            .Replace("<domain ", $"<domain xmlns:mdev='{VgpuDomain.Namespace}' ", StringComparison.Ordinal);
        var file = Path.Combine(Lab.Folder, "run/lab/shorthand.xml");
        File.WriteAllText(file, shorthand);

        File.WriteAllText(file, VirtMdev("render", file));
        Lab.Virsh("define", "--validate", file).Expected("virsh define");
        Start(domain.Uuid);

        Assert.That(Lab.Run("cat", CurrentType).Output, Is.EqualTo("1150\n"));
        Destroy(domain);
    }
}
