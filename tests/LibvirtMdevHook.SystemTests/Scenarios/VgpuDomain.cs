using System.Collections.Immutable;
using System.Security;
using LibvirtMdevHook.SystemTests.Lab;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>A domain that declares mediated devices, one of each type, and has a native hostdev for each.</summary>
internal sealed record VgpuDomain(string Name, params ImmutableArray<string> Types)
{
    public const string Namespace = "urn:libvirt-mdev-hook:1";
    public const string QemuNamespace = "http://libvirt.org/schemas/domain/qemu/1.0";

    public Guid Uuid { get; init; } = Guid.NewGuid();

    public ImmutableArray<Guid> Devices { get; init; } = [.. Types.Select(_ => Guid.NewGuid())];

    /// <summary>The one device of a domain that has only one.</summary>
    public Guid Device => Devices.Single();

    /// <summary>An attribute of the whole declaration, such as its placement.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Where every device has to be; empty for anywhere.</summary>
    public string Parent { get; init; } = "";

    /// <summary>What stands in metadata beside the declaration.</summary>
    public string OtherMetadata { get; init; } = "";

    /// <summary>What stands in devices beside the hostdevs.</summary>
    public string OtherDevices { get; init; } = "";

    /// <summary>What stands at the end of the domain.</summary>
    public string More { get; init; } = "";

    /// <summary>The entries of the declaration, each element with a prefix.</summary>
    public string Entries(string prefix) => string.Concat(Devices.Zip(Types, (device, type) =>
        $"<{prefix}hostdev uuid='{device}' type='{type}'{(Parent.Length > 0 ? $" parent='{Parent}'" : "")}/>"));

    /// <summary>The domain's XML; it has no hostdevs when the devices are attached in another way.</summary>
    public GuestDomain Guest(bool hostdevs = true) => new(SecurityElement.Escape(Name))
    {
        Uuid = Uuid,
        Metadata = $"<mdev:hostdevs xmlns:mdev='{Namespace}' {Rule}>{Entries("mdev:")}</mdev:hostdevs>{OtherMetadata}",
        Devices = (hostdevs ? string.Concat(Devices.Select(GuestDomain.Hostdev)) : "") + OtherDevices,
        More = More,
    };
}
