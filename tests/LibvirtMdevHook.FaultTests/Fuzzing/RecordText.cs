using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>A record as on disk. Whatever the reader accepts can be written again.</summary>
internal static class RecordText
{
    private static readonly string Folder = Directory.CreateTempSubdirectory("mdev-record-").FullName;

    static RecordText() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    public static void Check(byte[] bytes)
    {
        var file = Path.Combine(Folder, $"{Environment.CurrentManagedThreadId}");
        File.WriteAllBytes(file, bytes);
        var (record, reason) = RecordFile.Read(new HostPath(file));
        if ((record is null) == (reason is null))
            throw new InvalidOperationException($"neither a record nor a reason, or both: {reason}");
        if (record is null)
            return;
        Safe.Check(record);
        var written = RecordXml.Write(record).ToString();
        File.WriteAllText(file, written);
        if (RecordFile.Read(new HostPath(file)).Record is not { } again || RecordXml.Write(again).ToString() != written)
            throw new InvalidOperationException("it does not come back as it was written");
    }
}
