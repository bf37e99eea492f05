using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>A file or folder in its place.</summary>
/// <param name="Path">Where it is, below the root.</param>
/// <param name="Target">Where links lead from there, below the root; the path itself when it is no link.</param>
/// <param name="Status">The target's; null when the target is not there or cannot be seen.</param>
/// <param name="Error">Why there is no status.</param>
/// <param name="Placed">
/// Seconds since 1970 of its last change: since then, or longer, it has been in its place. Null when not even a link is there.
/// </param>
internal sealed record PlacedFile(string Path, string Target, FileStatus? Status, Errno Error, long? Placed)
{
    public bool CannotBeSeen => Status is null && !Error.IsAbsent && Placed is null;

    public bool IsDangling => Placed is not null && Status is null;

    public static PlacedFile Look(Root root, string path)
    {
        var placed = FileStatus.OfLink(root.At(path), out var error)?.Changed;
        if (root.Resolve(path) is not { } target)
            return new PlacedFile(path, path, null, Errno.ELOOP, placed);
        var status = placed is null ? null : FileStatus.Of(root.At(target), out error);
        return new PlacedFile(path, target, status, error, placed);
    }

    /// <returns>Why users besides root may change it; null when only root may, or it is not there.</returns>
    public Reason? WhyNotRootsAlone()
    {
        if (Status is not { } status)
            return null;
        if (status.Uid != 0)
            return $"belongs to uid {status.Uid}, not to root";
        return status.WritableByOthers ? "can be written to by others than root" : null;
    }
}
