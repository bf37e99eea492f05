using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether libvirt can give devices to QEMU by VFIO.</summary>
/// <param name="parents">None where the host could not be read.</param>
internal sealed class VfioCheck(Vfio vfio, ImmutableArray<Parent> parents, Architecture architecture)
{
    private const string KernelWithGroups = "boot a kernel with CONFIG_VFIO_GROUP=y";

    private bool HasVfs => parents.Any(p => p.Dialect == Dialect.Vf);

    private bool HasMdevParents => parents.Any(p => p.Dialect != Dialect.Vf);

    /// <summary>
    /// An IBM Z, by its parents or the machine: it needs no IOMMU for what is its own.
    /// </summary>
    private bool IsZ => architecture == Architecture.S390x || HasCrypto || HasSubchannels;

    private bool HasCrypto => parents.Any(p => IsOf(p, "matrix"));

    private bool HasSubchannels => parents.Any(p => IsOf(p, "css"));

    /// <param name="host">Null when it could not be read.</param>
    /// <param name="architecture">The machine's.</param>
    public static IEnumerable<Finding> Of(Vfio vfio, Host? host, Architecture architecture) =>
        new VfioCheck(vfio, host?.Parents ?? [], architecture).Examine();

    private List<Finding> Examine()
    {
        var findings = new List<Finding>();
        if (!vfio.HasContainer && vfio.HasGroupNodes)
            findings.Add(WithoutContainer());
        if (!vfio.HasGroupNodes)
            findings.AddRange(WithoutGroupNodes());
        if (!vfio.HasGroups)
            findings.AddRange(WithoutGroups());
        foreach (var (device, driver) in vfio.Untaken)
            findings.Add(Finding.Wrong($"the mediated device '{device}' cannot be used: {driver.Why}", driver.Remedy));
        if (findings.Count == 0)
            findings.Add(Finding.Well(vfio.HasGroups ? "VFIO is there, and IOMMU groups are" : "VFIO is there"));
        return findings;
    }

    /// <summary>A VF can do without the container where its hostdev asks for iommufd.</summary>
    private Finding WithoutContainer()
    {
        var modules = Modules();
        var runs = string.Join(" and ", modules.Select(module => $"'modprobe {module}'"));
        var names = string.Join(" and ", modules.Select(module => $"'{module}'"));
        var load = $"run {runs}, and put {names} into /etc/modules-load.d for the next boot";
        if (!vfio.HasIommufd)
        {
            return Finding.Wrong(
                "there is neither '/dev/vfio/vfio' nor '/dev/iommu', and libvirt starts no domain with a vGPU without one of them", load);
        }

        if (HasVfs && !HasMdevParents)
        {
            return Finding.Hint(
                "there is no '/dev/vfio/vfio', so libvirt can give a VF to QEMU from version 12.1 on only, and by iommufd",
                $"{load}, or write <driver iommufd='yes'/> into each <hostdev type='pci'>");
        }

        return Finding.Wrong("there is no '/dev/vfio/vfio', without which libvirt starts no domain with a mediated device", load);
    }

    /// <summary>The modules that bring the nodes of this host's devices.</summary>
    private string[] Modules()
    {
        if (!IsZ)
            return ["vfio-pci"];
        if (HasCrypto == HasSubchannels)
            return ["vfio_ap", "vfio_ccw"];
        return HasCrypto ? ["vfio_ap"] : ["vfio_ccw"];
    }

    /// <summary>
    /// libvirt uses cdevs for PCI devices alone (seen with 12.8), and only where the hostdev asks.
    /// </summary>
    private IEnumerable<Finding> WithoutGroupNodes()
    {
        if (HasVfs)
        {
            yield return Finding.Hint(
                "this kernel has no nodes of VFIO groups, so libvirt can give a VF to QEMU from version 12.1 on only, and by iommufd",
                $"write <driver iommufd='yes'/> into each <hostdev type='pci'>; with an older libvirt, {KernelWithGroups}");
        }

        if (HasMdevParents)
        {
            yield return Finding.Wrong(
                "this kernel has no nodes of VFIO groups, without which libvirt starts no domain with a mediated device",
                KernelWithGroups);
        }

        if (!HasVfs && !HasMdevParents)
        {
            yield return Finding.Hint(
                "this kernel has no nodes of VFIO groups: VFs need libvirt 12.1 and iommufd, and mediated devices do not start",
                KernelWithGroups);
        }
    }

    private IEnumerable<Finding> WithoutGroups()
    {
        if (HasVfs)
        {
            yield return Finding.Wrong("there are no IOMMU groups, without which QEMU cannot be given a VF", Iommu.Remedy(architecture));
        }
        else if (!IsZ && vfio.HasGroupNodes)
        {
            yield return Finding.Hint(
                "there are no IOMMU groups: mediated devices bring their own, VFs need an IOMMU", Iommu.Remedy(architecture));
        }
    }

    private static bool IsOf(Parent parent, string subsystem) =>
        HostFile.LinkTarget(parent.Path / "subsystem", out _)?.EndsWith($"/{subsystem}", StringComparison.Ordinal) == true;
}
