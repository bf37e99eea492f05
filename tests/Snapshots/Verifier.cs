using System.Runtime.CompilerServices;
using System.Xml.Linq;
using NUnit.Framework;

namespace VerifyNUnit;

/// <summary>
/// Snapshots with the calls and the file names of the package Verify.NUnit, which may replace it: what a test yields is compared
/// with <c>Class.Method.verified.EXT</c> beside the test's source; a difference leaves <c>Class.Method.received.EXT</c> there and fails.
/// With VERIFY_ACCEPT=1 in the environment what was received becomes what is verified.
/// </summary>
public static class Verifier
{
    /// <summary>Compares a text.</summary>
    /// <param name="target">What the test yields; null is written as the word.</param>
    /// <param name="extension">Of the file, without a dot.</param>
    /// <param name="sourceFile">The test's source; the compiler fills it in.</param>
    /// <returns>A task that is complete, so that tests read as with the real package.</returns>
    /// <exception cref="SnapshotException">The text differs, or nothing was verified yet.</exception>
    public static Task Verify(string? target, string extension = "txt", [CallerFilePath] string sourceFile = "")
    {
        Snapshot.Of(TestContext.CurrentContext.Test, sourceFile, extension).Compare(target ?? "null");
        return Task.CompletedTask;
    }

    /// <summary>Compares an XML document, as its text.</summary>
    /// <param name="target">What the test yields.</param>
    /// <param name="sourceFile">The test's source; the compiler fills it in.</param>
    /// <returns>A task that is complete.</returns>
    /// <exception cref="SnapshotException">The document differs, or nothing was verified yet.</exception>
    public static Task Verify(XDocument? target, [CallerFilePath] string sourceFile = "") =>
        Verify(target?.ToString(), "xml", sourceFile);
}
