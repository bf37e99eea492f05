using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>GPUs of Intel's and AMD's beside one of NVIDIA's: their VFs take no types, and libvirt passes them through.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class OtherVendorsTests
{
    private const string Type = "NVIDIA L40S-4Q";
    private const string OfIntel =
        "it is a VF of Intel (vendor 0x8086) with the driver 'vfio-pci', and takes no type; leave out its declaration";
    private const string OfAmd =
        "it is a PF of AMD (vendor 0x1002) with the driver 'gim', whose VFs take no type; leave out the declaration";

    [Test]
    public void A_VF_of_NVIDIAs_starts_as_ever()
    {
        using var host = new HookedHost("three-vendors.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", Type));

        host.Start(domain);
        host.Stop(domain);

        host.MustBeAsBefore();
    }

    [TestCase("0000:03:00.4", OfIntel)]
    [TestCase("0000:03:00.7", "it is a VF of Intel (vendor 0x8086) with no driver, and takes no type; leave out its declaration")]
    [TestCase("0000:0d:00.4", "it is a VF of AMD (vendor 0x1002) with the driver 'vfio-pci', and takes no type")]
    [TestCase("0000:0d:00.0", OfAmd)]
    [TestCase("0000:00:02.0", "it is no VF, and has the driver 'i915' of a kernel without GVT-g (CONFIG_DRM_I915_GVT)")]
    [TestCase("0000:00:1f.6", "it is no VF; 'virt-mdev types' lists the VFs of this host")]
    public void What_takes_no_type_is_refused_alike_by_prepare_plan_and_attach(string address, string words)
    {
        using var host = new HookedHost("three-vendors.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf(address, Type));
        var file = host.InRoot("win10.xml");
        File.WriteAllText(file, domain.ToString());
        var virsh = new RecordedVirsh(host, new DeclaringDomain("win10").WithoutMetadata());

        host.Call("prepare", domain).MustBeRefused("'win10'", $"'{address}'", words);

        Assert.That(host.VirtMdev("plan", file).Output, Does.Contain(words));
        Assert.That(virsh.VirtMdev("attach", "win10", "--type", Type, "--address", address).Errors, Does.Contain(words));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("0000:03:00.4", OfIntel)]
    [TestCase("0000:0d:00.0", OfAmd)]
    [TestCase("0000:41:00.0", "it is a PF, whose VFs take types themselves and no mediated devices; declare address='0000:41:00.4'")]
    public void No_mediated_device_is_made_on_it(string parent, string words)
    {
        using var host = new HookedHost("three-vendors.xml");
        var domain = new DeclaringDomain("win10", new Vgpu($"type='{Type}' parent='{parent}'"));

        host.Call("prepare", domain).MustBeRefused("'win10'", $"the parent '{parent}' takes no mediated devices: {words}");

        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Doctor_has_a_line_for_each_kind_and_calls_none_of_them_wrong()
    {
        using var host = new HookedHost("three-vendors.xml");

        var lines = host.VirtMdev("doctor").Output.Split('\n').Where(line => line.Contains(" gpus ", StringComparison.Ordinal)).ToArray();

        Assert.That(lines, Has.Length.EqualTo(4).And.All.StartsWith("well "));
        Assert.That(lines, Has.One.Contains("3 VFs of '0000:03:00.0' serve no vGPUs: each, such as '0000:03:00.4', is a VF of Intel")
            .And.One.Contains("'0000:03:00.7' is a VF of Intel").And.One.Contains("'0000:0d:00.4' is a VF of AMD"));
    }
}
