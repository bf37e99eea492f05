using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// The names of the files in a folder of records: <c>NAME.xml</c>, <c>NAME.lock</c>, and what is
/// written beside a record before it is renamed.
/// </summary>
internal static class RecordNames
{
    public const string Ending = ".xml";
    public const string LockEnding = ".lock";

    /// <returns>The names of all files, in their order.</returns>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static IReadOnlyList<string> In(HostPath folder)
    {
        try
        {
            var names = Directory.EnumerateFileSystemEntries(folder.Text).Select(entry => Path.GetFileName(entry));
            return [.. names.Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Where access is denied, the errno is that of the inner exception.
            var error = (Errno)(e.InnerException ?? e).HResult;
            throw new HostException($"the folder '{folder}' of the records cannot be read", error);
        }
    }

    /// <returns>The names of the files that are records.</returns>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static IEnumerable<string> OfRecords(HostPath folder) =>
        In(folder).Where(name => name.EndsWith(Ending, StringComparison.Ordinal));

    /// <returns>
    /// The name of the record that a lock, or a file that was not renamed, belongs to; null for any
    /// other file.
    /// </returns>
    public static string? DebrisOf(string file)
    {
        if (file.EndsWith(LockEnding, StringComparison.Ordinal))
            return file[..^LockEnding.Length];
        var name = RecordFile.NameBeside(file);
        return name?.EndsWith(Ending, StringComparison.Ordinal) == true ? name[..^Ending.Length] : null;
    }
}
