using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// Whoever may write to a folder of records can put back records of root's that mean nothing any
/// more, and take away those that do. So nothing is acted on in a folder that is not root's alone.
/// </summary>
internal static class FolderTrust
{
    /// <summary>Passes for a folder that does not exist.</summary>
    /// <exception cref="IOException">The folder is not root's alone.</exception>
    public static void Check(HostPath folder)
    {
        if (FileStatus.OfLink(folder) is { } status && Problem(status) is { } problem)
            throw new HostException($"the folder '{folder}' of the records {problem}, so that nothing in it is acted on", "move it away");
    }

    private static string? Problem(FileStatus status)
    {
        if (!status.IsDirectory)
            return "is not a folder";
        if (status.Uid != Libc.geteuid() && status.Uid != 0)
            return $"belongs to uid {status.Uid}, not to root";
        return status.WritableByOthers ? "can be written to by others than its owner" : null;
    }
}
