using System.Collections.Immutable;
using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The types that a GPU has shown, in /var/cache/libvirt-mdev. Some drivers hide types that do not
/// fit now; messages and listings can still name them. The cache is used only for messages, never
/// for a decision, and becomes invalid when the driver's version changes.
/// </summary>
internal static class SeenTypes
{
    private const int Maximum = 1000;
    private const uint FolderMode = 0x1ed;

    /// <returns>
    /// Empty when the file does not exist, is of another version of the driver, belongs neither to
    /// root nor to the caller, or can be written by others.
    /// </returns>
    public static ImmutableArray<MdevType> Read(Root root, SysfsName gpu)
    {
        var file = root.Cache / gpu;
        if (!IsTrusted(file))
            return [];
        if (HostFile.Read(file, out _)?.Split('\n') is not [var header, .. var rows] || header != Header(root, gpu))
            return [];
        return [.. rows.Take(Maximum).Select(Row).OfType<MdevType>()];
    }

    /// <summary>
    /// Adds the types that a host shows now. Without the right to write there, the cache stays as
    /// it is.
    /// </summary>
    public static void Keep(Root root, Host host)
    {
        foreach (var gpu in host.Parents.Where(p => p.Dialect.HidesTypes).GroupBy(p => p.Gpu))
        {
            var now = gpu.SelectMany(p => p.Types).Where(t => t.Name is not null).ToArray();
            var earlier = Read(root, gpu.Key);
            var all = now.Concat(earlier).DistinctBy(t => t.Id).OrderBy(t => t.Id).Take(Maximum).ToArray();
            if (!all.Select(Line).SequenceEqual(earlier.Select(Line)))
                Write(root, gpu.Key, all);
        }
    }

    /// <summary>Deletes the files that killed processes have left in the folder.</summary>
    public static void DeleteDebris(Root root)
    {
        foreach (var name in HostFile.List(root.Cache).Select(name => name.ToString()))
        {
            if (!name.StartsWith('.'))
                continue;
            var process = name[(name.LastIndexOf('.') + 1)..];
            if (FileStatus.Of(root.Proc / process, out var error) is null && error.IsAbsent)
                Libc.unlink((root.Cache / name).Text);
        }
    }

    private static bool IsTrusted(HostPath file)
    {
        if (FileStatus.OfLink(file, out _) is not { IsRegular: true, WritableByOthers: false } status)
            return false;
        return status.Uid == 0 || status.Uid == Libc.geteuid();
    }

    private static void Write(Root root, SysfsName gpu, IEnumerable<MdevType> types)
    {
        Libc.mkdir(root.Cache.Text, FolderMode);
        DeleteDebris(root);
        var file = root.Cache / gpu;
        var beside = root.Cache / $".{gpu}.{Environment.ProcessId}";
        var text = string.Concat(types.Select(Line).Prepend(Header(root, gpu)).Select(line => line + '\n'));
        AtomicFile.Write(file.Text, beside.Text, Encoding.UTF8.GetBytes(text));
    }

    private static string Header(Root root, SysfsName gpu)
    {
        var version = HostFile.ReadTrimmed(root.PciDevices / gpu / "driver" / "module" / "version") ?? "unknown";
        return $"driver {OneLine.Of(version)}";
    }

    private static string Line(MdevType type) => $"{type.Id} {OneLine.Of(type.Name!)}";

    private static MdevType? Row(string line)
    {
        if (line.Split(' ', 2) is not [var idText, { Length: > 0 } name] || !SysfsName.TryParse(idText, out var id))
            return null;
        return new MdevType(id, OneLine.Of(name));
    }
}
