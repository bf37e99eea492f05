using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>What libvirt finds of the hook in its folder, and what the hook finds of itself.</summary>
/// <param name="Entry">In qemu.d, which libvirt knows since 6.5.</param>
/// <param name="OldHook">The one file that older ones call, which may be anybody's.</param>
/// <param name="OldHookText">Null when there is none, or it cannot be read.</param>
/// <param name="Program">What the entry leads to, or else the one that our old hook names; null without either.</param>
/// <param name="Worker">The program's other half, where it looks for it; null without a program.</param>
/// <param name="Folders">Those of the hooks.</param>
/// <param name="Libvirt">The version of the daemon that is installed; null when it did not tell.</param>
internal sealed record HookFiles(
    PlacedFile Entry,
    PlacedFile OldHook,
    string? OldHookText,
    PlacedFile? Program,
    PlacedFile? Worker,
    ImmutableArray<PlacedFile> Folders,
    Version? Libvirt)
{
    private const string Hooks = "/etc/libvirt/hooks";
    private const string OurSecondLine = "# The hook of LibvirtMdevHook";
    private const string ProgramLine = "hook=";
    private const string ProgramName = "libvirt-mdev-hook";

    private static readonly Version FirstWithEntries = new(6, 5, 0);

    /// <summary>As it is taken for where the version is not known.</summary>
    public bool KnowsEntries => Libvirt is null || Libvirt >= FirstWithEntries;

    public bool OldHookIsOurs => OldHookText?.Split('\n') is [_, var second, ..] && second.StartsWith(OurSecondLine, StringComparison.Ordinal);

    /// <summary>One that is somebody else's may have the lines of ours.</summary>
    public bool OldHookCallsIt => OldHookIsOurs || OldHookText?.Split('\n')
        .Any(line => !line.TrimStart().StartsWith('#') && line.Contains(ProgramName, StringComparison.Ordinal)) == true;

    public static HookFiles Read(Root root, Deadline deadline)
    {
        var entry = PlacedFile.Look(root, $"{Hooks}/qemu.d/50-mdev");
        var oldHook = PlacedFile.Look(root, $"{Hooks}/qemu");
        var files = new HookFiles(entry, oldHook, TextOf(root, oldHook), null, null,
            [.. new[] { Hooks, $"{Hooks}/qemu.d" }.Select(folder => PlacedFile.Look(root, folder))], LibvirtVersion.Read(root, deadline));
        var program = entry.Placed is not null ? PlacedFile.Look(root, entry.Target)
            : files.OldHookIsOurs && ProgramOf(files.OldHookText!) is { } named ? PlacedFile.Look(root, named)
            : null;
        return files with { Program = program, Worker = program is null ? null : PlacedFile.Look(root, WorkerOf(program.Target)) };
    }

    private static string? TextOf(Root root, PlacedFile file) =>
        file.Status is { IsRegular: true } ? HostFile.ReadLinked(root.At(file.Target), out _) : null;

    private static string? ProgramOf(string script) => script.Split('\n')
        .Where(line => line.StartsWith(ProgramLine + '/', StringComparison.Ordinal)).Select(line => line[ProgramLine.Length..].Trim()).FirstOrDefault();

    /// <summary>bin/virt-mdev beside the folder in which the program itself lies, as it looks for it.</summary>
    private static string WorkerOf(string program) => $"{FolderOf(FolderOf(program))}/bin/virt-mdev";

    private static string FolderOf(string path) => path[..Math.Max(path.LastIndexOf('/'), 0)];
}
