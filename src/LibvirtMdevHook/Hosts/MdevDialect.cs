using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The mainline interface since Linux 4.10 (Documentation/ABI/testing/sysfs-bus-vfio-mdev). A
/// parent has a folder for each type with <c>create</c>, <c>available_instances</c>,
/// <c>device_api</c> and, optionally, <c>name</c> and <c>description</c>. Each device has
/// <c>remove</c>.
/// </summary>
internal sealed class MdevDialect : Dialect
{
    public override string Name => "mdev";

    public override bool HasOnline => false;

    public override bool TellsType => true;

    public override ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out Reason? reason)
    {
        var folder = parent / "mdev_supported_types";
        reason = null;
        var types = ImmutableArray.CreateBuilder<MdevType>();
        foreach (var id in wanted.Named(HostFile.List(folder)))
        {
            // The kernel makes no links there.
            if (FileStatus.OfLink(folder / id) is not { IsDirectory: true })
                continue;
            var name = HostFile.Read(folder / id / "name", out var error)?.Trim();
            if (name is null && !error.IsAbsent)
                reason = Reason.Of($"the name of its type '{id}' cannot be read", error);
            types.Add(ReadType(folder / id, id, name is { Length: > 0 } ? name : null, wanted));
        }

        return types.ToImmutable();
    }

    public override string Arguments(SysfsName? type, Guid domain, string extra) => "";

    public override Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments) =>
        HostFile.Write(parent / "mdev_supported_types" / type! / "create", device.ToString());

    public override Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, SysfsName? type, string arguments) =>
        HostFile.Write(devicePath / "remove", "1");

    public override string WhyNotCreated(HostPath parent, SysfsName? type, Errno error)
    {
        if (type is not null && HostFile.ReadTrimmed(parent / "mdev_supported_types" / type / "available_instances") == "0")
            return $"no instance left ({error.Name})";
        if (error == Errno.EINVAL)
            return $"the driver does not take the type '{type}' now (EINVAL); the kernel's log says why";
        return base.WhyNotCreated(parent, type, error);
    }

    private static MdevType ReadType(HostPath folder, SysfsName id, string? name, TypeFilter wanted)
    {
        if (!wanted.WantsDetails(id, name))
            return new MdevType(id, name);
        var description = HostFile.ReadTrimmed(folder / "description");
        var available = ReadAvailable(folder, out var reason);
        return new MdevType(
            id,
            name,
            HostFile.ReadTrimmed(folder / "device_api"),
            available,
            Count(Value(description, "max_instance")),
            Value(description, "framebuffer"),
            description,
            reason);
    }

    /// <returns>
    /// 0 when the number cannot be read; then <paramref name="reason"/> says why.
    /// </returns>
    private static int ReadAvailable(HostPath folder, out Reason? reason)
    {
        reason = null;
        var text = HostFile.Read(folder / "available_instances", out var error)?.Trim();
        if (text is null)
            reason = Reason.Of("available_instances of the type cannot be read", error);
        else if (Count(text) is not { } count)
            reason = $"available_instances of the type is '{text}', which is no number";
        else
            return count;
        return 0;
    }

    /// <summary>
    /// Finds a value in NVIDIA's description, which is <c>num_heads=4, framebuffer=4096M, ...</c>.
    /// </summary>
    private static string? Value(string? description, string key) =>
        description?.Split(',', '\n')
            .Select(pair => pair.Split('=', 2, StringSplitOptions.TrimEntries))
            .FirstOrDefault(pair => pair.Length == 2 && pair[0] == key)?[1];

    private static int? Count(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
}
