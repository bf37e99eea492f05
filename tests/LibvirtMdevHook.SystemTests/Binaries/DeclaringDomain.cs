using System.Collections.Immutable;
using System.Security;
using System.Text;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A domain that declares devices, as text for the hook's stdin.</summary>
internal sealed record DeclaringDomain(string Name, params ImmutableArray<Vgpu> Vgpus)
{
    public Guid Uuid { get; init; } = Guid.NewGuid();

    /// <summary>Attributes of the declaration.</summary>
    public string Rules { get; init; } = "";

    /// <summary>Other metadata, before the declaration.</summary>
    public string OthersMetadata { get; init; } = "";

    /// <summary>Elements at the end of the domain, such as the seclabel, which it has from the operation start on.</summary>
    public string More { get; init; } = "";

    /// <summary>The declaration, as an element of the metadata.</summary>
    public string Declaration =>
        $"<mdev:hostdevs xmlns:mdev='urn:libvirt-mdev-hook:1' {Rules}>{string.Concat(Vgpus.Select(v => v.Declaration))}</mdev:hostdevs>";

    /// <summary>A domain with a number of devices of one type.</summary>
    public static DeclaringDomain With(string name, int count, string type) =>
        new(name, [.. Enumerable.Range(0, count).Select(_ => new Vgpu($"type='{type}'"))]);

    /// <summary>The same domain after 'virsh metadata --remove --live'.</summary>
    public string WithoutMetadata() => Text("");

    public byte[] Xml() => Encoding.UTF8.GetBytes(ToString());

    public override string ToString() => Text($"<metadata>{OthersMetadata}{Declaration}</metadata>");

    private string Text(string metadata) => $"""
        <domain type='kvm' id='1' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
          <name>{SecurityElement.Escape(Name)}</name>
          <uuid>{Uuid}</uuid>
          {metadata}
          <memory unit='KiB'>32768</memory>
          <os><type arch='x86_64' machine='pc'>hvm</type></os>
          <devices>
            {string.Concat(Vgpus.Select(v => v.Hostdev))}
          </devices>
          {More}
          <qemu:commandline>
            {string.Concat(Vgpus.Select(v => v.Argument))}
          </qemu:commandline>
        </domain>

        """;
}

/// <summary>One declared device.</summary>
/// <param name="Attributes">Attributes of its declaration besides the uuid.</param>
internal sealed record Vgpu(string Attributes)
{
    public Guid Uuid { get; init; } = Guid.NewGuid();

    /// <summary>The address of a VF, which then is the device.</summary>
    public string? Address { get; init; }

    /// <summary>Attributes of a mediated device's native hostdev.</summary>
    public string Model { get; init; } = "vfio-pci";

    /// <summary>Its name in sysfs and in messages.</summary>
    public string Id => Address ?? $"{Uuid}";

    /// <summary>The attr elements of its declaration.</summary>
    public string Attrs { get; init; } = "";

    /// <summary>Attached by qemu:commandline, not by a native hostdev.</summary>
    public bool ByCommandline { get; init; }

    public string Declaration => $"<mdev:hostdev {(Address is null ? "uuid" : "address")}='{Id}' {Attributes}>{Attrs}</mdev:hostdev>";

    public string Hostdev => ByCommandline ? "" : Address is { } at
        ? "<hostdev mode='subsystem' type='pci' managed='no'><source>"
            + $"<address domain='0x{at[..^8]}' bus='0x{at[^7..^5]}' slot='0x{at[^4..^2]}' function='0x{at[^1]}'/></source></hostdev>"
        : $"<hostdev mode='subsystem' type='mdev' managed='no' model='{Model}'><source><address uuid='{Uuid}'/></source></hostdev>";

    public string Argument => !ByCommandline ? "" :
        $"<qemu:arg value='-device'/><qemu:arg value='vfio-pci,sysfsdev=/{Path}'/>";

    /// <summary>The device's folder, below the root.</summary>
    public string Path => $"sys/bus/{(Address is null ? "mdev" : "pci")}/devices/{Id}";

    /// <summary>A VF with a type.</summary>
    public static Vgpu Vf(string address, string type) => new($"type='{type}'") { Address = address };
}
