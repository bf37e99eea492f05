using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The mainline interface since Linux 4.10 (Documentation/ABI/testing/sysfs-bus-vfio-mdev): a folder for each type with <c>create</c>,
/// <c>available_instances</c>, <c>device_api</c> and, optionally, <c>name</c> and <c>description</c>; a <c>remove</c> in each device.
/// </summary>
internal sealed class MdevDialect : Dialect
{
    public override string Name => "mdev";

    public override bool HasOnline => false;

    public override bool TellsType => true;

    public override ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out string? trouble)
    {
        var folder = parent / "mdev_supported_types";
        trouble = null;
        var types = ImmutableArray.CreateBuilder<MdevType>();
        // The kernel makes no links there.
        foreach (var id in wanted.Named(HostFile.List(folder)).Where(id => FileStatus.OfLink(folder / id) is { IsDirectory: true }))
        {
            var name = HostFile.Read(folder / id / "name", out var error)?.Trim();
            if (name is null && !error.IsAbsent)
                trouble = $"the name of its type '{id}' cannot be read: {error.InWords}";
            types.Add(ReadType(folder / id, id, name is { Length: > 0 } ? name : null, wanted));
        }

        return types.ToImmutable();
    }

    public override string Arguments(SysfsName? type, Guid domain, string extra) => "";

    public override Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments) =>
        HostFile.Write(parent / "mdev_supported_types" / type! / "create", device.ToString());

    public override Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, SysfsName? type, string arguments) =>
        HostFile.Write(devicePath / "remove", "1");

    public override string WhyNotCreated(HostPath parent, SysfsName? type, Errno error) =>
        type is not null && HostFile.ReadTrimmed(parent / "mdev_supported_types" / type / "available_instances") == "0"
            ? $"no instance left ({error.Name})"
            : error == Errno.EINVAL ? $"the driver does not take the type '{type}' now (EINVAL); the kernel's log says why"
            : base.WhyNotCreated(parent, type, error);

    private static MdevType ReadType(HostPath folder, SysfsName id, string? name, TypeFilter wanted)
    {
        if (!wanted.WantsDetails(id, name))
            return new MdevType(id, name);
        var description = HostFile.ReadTrimmed(folder / "description");
        var available = HostFile.Read(folder / "available_instances", out var error)?.Trim();
        return new MdevType(
            id,
            name,
            HostFile.ReadTrimmed(folder / "device_api"),
            Count(available) ?? 0,
            Count(Value(description, "max_instance")),
            Value(description, "framebuffer"),
            description,
            available is null ? $"available_instances of the type cannot be read: {error.InWords}"
                : Count(available) is null ? $"available_instances of the type is '{available}', which is no number" : null);
    }

    /// <summary>NVIDIA's description is <c>num_heads=4, framebuffer=4096M, ...</c>.</summary>
    private static string? Value(string? description, string key) =>
        description?.Split(',', '\n')
            .Select(pair => pair.Split('=', 2, StringSplitOptions.TrimEntries))
            .FirstOrDefault(pair => pair.Length == 2 && pair[0] == key)?[1];

    private static int? Count(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
}
