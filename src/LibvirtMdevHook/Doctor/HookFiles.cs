using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// What libvirt finds of the hook in its folder, and what the hook finds of itself.
/// </summary>
/// <param name="Entry">The file in qemu.d, which libvirt knows since 6.5.</param>
/// <param name="OldHook">
/// The one file that older versions call; it may be another project's.
/// </param>
/// <param name="OldHookText">Null when there is none, or it cannot be read.</param>
/// <param name="Program">
/// What the entry leads to, otherwise what our old hook names; null without either.
/// </param>
/// <param name="Worker">
/// The program's other half, where the program looks for it; null without a program.
/// </param>
/// <param name="Folders">The folders of the hooks.</param>
/// <param name="Libvirt">
/// The version of the installed daemon; null when the daemon did not tell it.
/// </param>
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

    /// <summary>The paths of what else libvirt executes as a hook of QEMU.</summary>
    public ImmutableArray<string> OtherHooks { get; init; } = [];

    /// <summary>Also true where the version is not known.</summary>
    public bool KnowsEntries => Libvirt is null || Libvirt >= FirstWithEntries;

    public bool OldHookIsOurs =>
        OldHookText?.Split('\n') is [_, var second, ..] && second.StartsWith(OurSecondLine, StringComparison.Ordinal);

    /// <summary>Another project's hook may contain the lines of ours.</summary>
    public bool OldHookCallsIt => OldHookIsOurs || OldHookText?.Split('\n').Any(CallsProgram) == true;

    public static HookFiles Read(Root root, Deadline deadline)
    {
        var entry = PlacedFile.Look(root, $"{Hooks}/qemu.d/50-mdev");
        var oldHook = PlacedFile.Look(root, $"{Hooks}/qemu");
        ImmutableArray<PlacedFile> folders = [PlacedFile.Look(root, Hooks), PlacedFile.Look(root, $"{Hooks}/qemu.d")];
        var files = new HookFiles(entry, oldHook, TextOf(root, oldHook), null, null, folders, LibvirtVersion.Read(root, deadline));
        files = files with { OtherHooks = ReadOthers(root, entry, oldHook, files.OldHookIsOurs) };
        if (files.PathOfProgram() is not { } path)
            return files;
        var program = PlacedFile.Look(root, path);
        return files with { Program = program, Worker = PlacedFile.Look(root, WorkerOf(program.Target)) };
    }

    /// <summary>
    /// The program looks for bin/virt-mdev beside the folder in which it lies itself.
    /// </summary>
    public static string WorkerOf(string program) => $"{FolderOf(FolderOf(program))}/bin/virt-mdev";

    /// <returns>What else libvirt executes as a hook of QEMU.</returns>
    private static ImmutableArray<string> ReadOthers(Root root, PlacedFile entry, PlacedFile oldHook, bool oldHookIsOurs)
    {
        var others = ImmutableArray.CreateBuilder<string>();
        if (oldHook.Status is { IsExecutable: true } && !oldHookIsOurs)
            others.Add(oldHook.Path);
        foreach (var name in HostFile.List(root.At($"{Hooks}/qemu.d")))
        {
            var path = $"{Hooks}/qemu.d/{name}";
            if (path != entry.Path && PlacedFile.Look(root, path).Status is { IsExecutable: true })
                others.Add(path);
        }

        return others.ToImmutable();
    }

    private string? PathOfProgram()
    {
        if (Entry.Placed is not null)
            return Entry.Target;
        return OldHookIsOurs ? ProgramOf(OldHookText!) : null;
    }

    private static bool CallsProgram(string line) =>
        !line.TrimStart().StartsWith('#') && line.Contains(ProgramName, StringComparison.Ordinal);

    private static string? TextOf(Root root, PlacedFile file) =>
        file.Status is { IsRegular: true } ? HostFile.ReadLinked(root.At(file.Target), out _) : null;

    private static string? ProgramOf(string script)
    {
        var line = script.Split('\n').FirstOrDefault(line => line.StartsWith(ProgramLine + '/', StringComparison.Ordinal));
        return line?[ProgramLine.Length..].Trim();
    }

    private static string FolderOf(string path) => path[..Math.Max(path.LastIndexOf('/'), 0)];
}
