using System.Text;
using System.Xml;
using System.Xml.Linq;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// One record on disk: written beside and renamed, root's alone, readable by people.
/// </summary>
internal static class RecordFile
{
    private const string Ending = ".new";

    /// <summary>Well below what is read: a record grows while its devices come up.</summary>
    private const int MaximumWritten = 1 << 19;

    private const int MaximumDepth = 16;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = 1 << 20,
    };

    /// <summary>There is no fsync: records and devices both end with the boot.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(HostPath folder, string name, Record record)
    {
        var bytes = Encoding.UTF8.GetBytes(RecordXml.Write(record).ToString() + '\n');
        if (bytes.Length > MaximumWritten)
            throw Failed(folder / name, Errno.EFBIG);
        var error = AtomicFile.Write((folder / name).Text, Beside(folder, name).Text, bytes);
        if (!error.IsNone)
            throw Failed(folder / name, error);
    }

    /// <summary>With what was written beside it by a process that was killed.</summary>
    public static void Delete(HostPath folder, string name)
    {
        Libc.unlink((folder / name).Text);
        DeleteBeside(folder, name);
    }

    public static void DeleteBeside(HostPath folder, string name) => Libc.unlink(Beside(folder, name).Text);

    /// <returns>
    /// The name of the record beside which a file was written; null when it is no such file.
    /// </returns>
    public static string? NameBeside(string file) =>
        file.StartsWith('.') && file.EndsWith(Ending, StringComparison.Ordinal) ? file[1..^Ending.Length] : null;

    /// <returns>
    /// The record; null with a reason when the file must not be acted on; null without one when it
    /// is not there.
    /// </returns>
    /// <exception cref="IOException">
    /// It cannot be read now, which says nothing against it.
    /// </exception>
    public static (Record? Record, string? Reason) Read(HostPath file)
    {
        if (FileStatus.OfLink(file) is not { } status)
            return (null, null);
        if (!status.IsRegular)
            return (null, "it is not a regular file");
        if (status.Uid != Libc.geteuid() && status.Uid != 0)
            return (null, $"it belongs to uid {status.Uid}, not to root");
        if (status.WritableByOthers)
            return (null, "others than its owner may write to it");
        var text = HostFile.Read(file, out var error);
        if (text is null)
            return error.IsAbsent ? (null, null) : throw new HostException($"cannot read the record '{file}'", error);
        // The rest of it may not have been read.
        if (text.Length > MaximumWritten)
            return (null, "it is longer than any that is written");
        try
        {
            if (IsDeep(text))
                return (null, $"it is nested deeper than {MaximumDepth} elements");
            using var reader = XmlReader.Create(new StringReader(text), Settings);
            return (RecordXml.Read(XElement.Load(reader)), null);
        }
        catch (Exception e) when (e is XmlException or FormatException or OverflowException or ArgumentException)
        {
            return (null, e.Message);
        }
    }

    /// <summary>The value of an element is put together by recursion, however deep it is.</summary>
    private static bool IsDeep(string text)
    {
        using var reader = XmlReader.Create(new StringReader(text), Settings);
        while (reader.Read())
        {
            if (reader.Depth > MaximumDepth)
                return true;
        }

        return false;
    }

    private static HostPath Beside(HostPath folder, string name) => folder / $".{name}{Ending}";

    private static IOException Failed(HostPath file, Errno error) => new($"cannot write the record '{file}': {error.InWords}");
}
