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

    /// <returns>What the file holds; nothing when it is not there.</returns>
    /// <exception cref="IOException">
    /// It cannot be read now, which says nothing against it.
    /// </exception>
    public static RecordContent Read(HostPath file)
    {
        if (FileStatus.OfLink(file) is not { } status)
            return RecordContent.None;
        if (WhyNotTrusted(status) is { } problem)
            return Untrusted(problem);
        var text = HostFile.Read(file, out var error);
        if (text is null)
            return error.IsAbsent ? RecordContent.None : throw new HostException($"cannot read the record '{file}'", error);
        // The rest of it may not have been read.
        if (text.Length > MaximumWritten)
            return Untrusted("it is longer than any that is written");
        try
        {
            return Parse(file, text);
        }
        catch (Exception e) when (e is XmlException or FormatException or OverflowException or ArgumentException)
        {
            return Untrusted(e.Message);
        }

        RecordContent Untrusted(string reason) => new(Untrusted: new UntrustedRecord(file, reason!));
    }

    private static string? WhyNotTrusted(FileStatus status)
    {
        if (!status.IsRegular)
            return "it is not a regular file";
        if (status.Uid != Libc.geteuid() && status.Uid != 0)
            return $"it belongs to uid {status.Uid}, not to root";
        return status.WritableByOthers ? "others than its owner may write to it" : null;
    }

    /// <exception cref="FormatException">The text is no record.</exception>
    private static RecordContent Parse(HostPath file, string text)
    {
        if (IsDeep(text))
            throw new FormatException($"it is nested deeper than {MaximumDepth} elements");
        using var reader = XmlReader.Create(new StringReader(text), Settings);
        var root = XElement.Load(reader);
        if (RecordXml.ReadNewer(root, file) is { } newer)
            return new RecordContent(Newer: newer);
        return new RecordContent(RecordXml.Read(root));
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
